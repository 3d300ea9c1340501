package dev.ringside.linux;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * The one owner of an open file descriptor. Closing twice is harmless; using it after closing is an
 * {@link IllegalStateException}, never a call on a number that means something else by now. Thread-safe.
 */
public final class Fd implements AutoCloseable {
    private static final int CLOSED = -1;

    private final AtomicInteger value;

    /**
     * Takes over an open descriptor.
     *
     * @param value the descriptor's number, not negative
     */
    public Fd(int value) {
        if (value < 0) {
            throw new IllegalArgumentException("not a file descriptor: " + value);
        }
        this.value = new AtomicInteger(value);
    }

    /** The descriptor's number, which this object goes on to own. */
    public int value() {
        int fd = value.get();
        if (fd == CLOSED) {
            throw new IllegalStateException("file descriptor is closed");
        }
        return fd;
    }

    public boolean isOpen() {
        return value.get() != CLOSED;
    }

    /** Gives the number away: the caller owns it from here on, and this object is closed. */
    public int release() {
        int fd = value.getAndSet(CLOSED);
        if (fd == CLOSED) {
            throw new IllegalStateException("file descriptor is closed");
        }
        return fd;
    }

    /** A second descriptor for the same open file description, close-on-exec, with an owner of its own. */
    public Fd duplicate() throws LinuxException {
        int copy = Libc.fcntl(value(), F_DUPFD_CLOEXEC, 0);
        if (copy < 0) {
            throw LinuxException.last("fcntl F_DUPFD_CLOEXEC");
        }
        return new Fd(copy);
    }

    private static final int F_DUPFD_CLOEXEC = 1030;

    /** Closes the descriptor. Linux frees the number whatever {@code close} returns, so there is nothing to report. */
    @Override
    public void close() {
        int fd = value.getAndSet(CLOSED);
        if (fd != CLOSED) {
            Libc.close(fd);
        }
    }

    @Override
    public String toString() {
        int fd = value.get();
        return fd == CLOSED ? "fd(closed)" : "fd " + fd;
    }
}
