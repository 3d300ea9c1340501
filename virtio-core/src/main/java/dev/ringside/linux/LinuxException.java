package dev.ringside.linux;

import com.sun.jna.Native;
import java.io.IOException;

/** A system call failed. The message reads {@code call object: reason}. */
public final class LinuxException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    /**
     * @param call the system call, and its object where it has one
     * @param errno a positive errno value
     */
    public LinuxException(String call, int errno) {
        super(call + ": " + Errno.describe(errno));
        this.errno = errno;
    }

    /** What the call that has just failed on this thread left in errno. */
    static LinuxException last(String call) {
        return new LinuxException(call, Native.getLastError());
    }

    /** The positive errno value. */
    public int errno() {
        return errno;
    }
}
