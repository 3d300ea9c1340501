package dev.ringside.linux;

/** memfd_create(2): memory that can be passed to another process as a file descriptor. */
public final class MemFd {
    private static final int MFD_CLOEXEC = 1;

    private MemFd() {}

    /**
     * A new anonymous file of zeroes.
     *
     * @param name shown in /proc/PID/maps
     * @param size in bytes
     */
    public static Fd create(String name, long size) throws LinuxException {
        int number = Libc.memfd_create(name, MFD_CLOEXEC);
        if (number < 0) {
            throw LinuxException.last("memfd_create");
        }
        Fd fd = new Fd(number);
        try {
            HostFile.truncate(fd, size);
        } catch (LinuxException e) {
            fd.close();
            throw e;
        }
        return fd;
    }
}
