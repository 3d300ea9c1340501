package dev.ringside.linux;

/** Memory that a front-end has sealed (fcntl F_ADD_SEALS). */
public final class Seals {
    public static final int SHRINK = 2;
    public static final int GROW = 4;
    public static final int WRITE = 8;
    public static final int FUTURE_WRITE = 16;

    private static final int F_ADD_SEALS = 1033;
    private static final int MFD_CLOEXEC = 1;
    private static final int MFD_ALLOW_SEALING = 2;

    private Seals() {}

    /** Anonymous memory with these seals. */
    public static Fd sealedMemory(long bytes, int seals) throws LinuxException {
        int number = TestLibc.memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (number < 0) {
            throw LinuxException.last("memfd_create");
        }
        Fd fd = new Fd(number);
        HostFile.truncate(fd, bytes);
        if (Libc.fcntl(number, F_ADD_SEALS, seals) != 0) {
            throw LinuxException.last("F_ADD_SEALS");
        }
        return fd;
    }
}
