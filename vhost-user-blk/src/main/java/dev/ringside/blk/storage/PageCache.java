package dev.ringside.blk.storage;

import dev.ringside.linux.Errno;
import dev.ringside.linux.VectorIo;

/**
 * What the page cache can do at once, for one queue: a system call that copies and returns. It costs less than an
 * asynchronous operation that turns out to need no waiting, and is over before the next request is looked at. What would
 * have to wait is refused, and is the asynchronous path's; where that is so time and again, fewer attempts are made.
 */
final class PageCache {
    /** The page cache does not have it, or is not asked for now. */
    static final int WOULD_WAIT = -1;
    /** The file system cannot write without waiting, ever. */
    static final int ALWAYS_WAITS = -2;

    /** Requests that are not attempted after an attempt in vain, at most. */
    private static final int MOST_PASSED = 63;

    private final VectorIo io = new VectorIo();
    private final int fd;
    private int toPass;
    private int passes;

    /** @param fd the number of a descriptor without O_DIRECT */
    PageCache(int fd) {
        this.fd = fd;
    }

    /**
     * Reads if the data is there.
     *
     * @param iovec address of {@code count} struct iovec
     * @param offset in the file, in bytes
     * @return bytes read, perhaps fewer than asked for, 0 at the file's end; or {@link #WOULD_WAIT}
     */
    int read(long iovec, int count, long offset) {
        if (toPass > 0) {
            toPass--;
            return WOULD_WAIT;
        }
        int result = io.preadv(fd, iovec, count, offset, VectorIo.RWF_NOWAIT);
        if (result < 0) {
            // Whatever it is, the asynchronous path is told the same, and reports it.
            passes = Math.min(2 * passes + 1, MOST_PASSED);
            toPass = passes;
            return WOULD_WAIT;
        }
        passes = 0;
        return result;
    }

    /** Writes if there is room; parameters as for {@link #read}. Bytes written, or a reason why not. */
    int write(long iovec, int count, long offset) {
        int result = io.pwritev(fd, iovec, count, offset, VectorIo.RWF_NOWAIT);
        if (result < 0) {
            return result == -Errno.EOPNOTSUPP ? ALWAYS_WAITS : WOULD_WAIT;
        }
        return result;
    }
}
