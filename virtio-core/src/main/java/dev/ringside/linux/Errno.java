package dev.ringside.linux;

/** The errno values that this project tells apart; the same on x86-64 and aarch64. */
public final class Errno {
    public static final int EPERM = 1;
    public static final int ENOENT = 2;
    public static final int EINTR = 4;
    public static final int EIO = 5;
    public static final int EBADF = 9;
    public static final int EAGAIN = 11;
    public static final int EACCES = 13;
    public static final int EFAULT = 14;
    public static final int EBUSY = 16;
    public static final int EINVAL = 22;
    public static final int ENOSPC = 28;
    public static final int EPIPE = 32;
    /** What a TAP says whose interface has been deleted. */
    public static final int EBADFD = 77;

    public static final int ENOTSOCK = 88;
    public static final int EOVERFLOW = 75;
    public static final int EOPNOTSUPP = 95;
    public static final int EADDRINUSE = 98;
    public static final int ECONNREFUSED = 111;
    public static final int ECANCELED = 125;

    private Errno() {}

    /**
     * The C library's words for an errno, for example {@code No space left on device}.
     *
     * @param errno a positive errno value
     */
    public static String describe(int errno) {
        return Libc.strerror(errno);
    }
}
