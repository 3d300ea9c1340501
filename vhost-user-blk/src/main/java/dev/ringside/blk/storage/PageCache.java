package dev.ringside.blk.storage;

import dev.ringside.linux.Errno;
import dev.ringside.linux.VectorIo;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Engine;

/**
 * What the page cache can do at once, for one queue: a system call that copies and returns. A request on its own is over
 * sooner that way than as an asynchronous operation, before the next one is looked at. Many are not: each would enter the
 * kernel by itself, which costs from 0.1 us to (in a virtual machine whose host has no hardware's help) 1.5 us, while
 * io_uring enters once for all of them, and copies what is there just so.
 *
 * <p>What would have to wait is refused, and is the asynchronous path's; where that is so time and again, fewer attempts
 * are made. Some file systems (ext4 is one) and block devices never write without waiting, and are not asked twice.
 */
final class PageCache {
    /** It cannot be done without waiting, or is not to be done on its own; never a number of bytes. */
    static final int WOULD_WAIT = -1;

    /** Requests that are not attempted after an attempt in vain, at most. */
    private static final int MOST_PASSED = 63;

    /** Requests of one turn that are few. */
    static final int FEW = 4;

    private final VectorIo io = new VectorIo();
    private final DeviceLoop loop;
    private final int fd;
    private final Runnable endTurn = this::endTurn;
    private int toPass;
    private int passes;
    private boolean writesWait;

    /** In this turn, and in the last one that had any. */
    private int requests;

    private int requestsBefore;

    /**
     * @param loop of the queue
     * @param fd the number of a descriptor without O_DIRECT
     */
    PageCache(DeviceLoop loop, int fd) {
        this.loop = loop;
        this.fd = fd;
    }

    /**
     * Reads if the data is there, unless requests come by the dozen.
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
        if (isOneOfMany()) {
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

    /** What comes next is guessed from what came last. A pool of threads has no such way with many. */
    private boolean isOneOfMany() {
        if (loop.kind() != Engine.IO_URING) {
            return false;
        }
        if (requests++ == 0) {
            loop.atEndOfTurn(endTurn);
        }
        return requests > FEW || requestsBefore > FEW;
    }

    private void endTurn() {
        requestsBefore = requests;
        requests = 0;
    }

    /** Writes if there is room, unless requests come by the dozen; parameters and result as for {@link #read}. */
    int write(long iovec, int count, long offset) {
        if (writesWait || isOneOfMany()) {
            return WOULD_WAIT;
        }
        int result = io.pwritev(fd, iovec, count, offset, VectorIo.RWF_NOWAIT);
        if (result < 0) {
            writesWait = result == -Errno.EOPNOTSUPP;
            return WOULD_WAIT;
        }
        return result;
    }
}
