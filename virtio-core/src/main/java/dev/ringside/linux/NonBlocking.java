package dev.ringside.linux;

/** O_NONBLOCK on descriptors that came from elsewhere. */
public final class NonBlocking {
    private static final int F_GETFL = 3;
    private static final int F_SETFL = 4;
    private static final int O_NONBLOCK = 0x800;

    private NonBlocking() {}

    /**
     * Makes every call on the open file description return at once, for its other holders too. A peer that hands us
     * something which would block, a full pipe in place of an eventfd, can then not hold our thread.
     */
    public static void set(Fd fd) throws LinuxException {
        int flags = Libc.fcntl(fd.value(), F_GETFL, 0);
        if (flags < 0 || Libc.fcntl(fd.value(), F_SETFL, flags | O_NONBLOCK) < 0) {
            throw LinuxException.last("fcntl O_NONBLOCK");
        }
    }
}
