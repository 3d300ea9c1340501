package dev.ringside.blk.storage.nbd;

import dev.ringside.linux.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * One request message of the protocol and what has come back for it. Reused; belongs to one loop at a time. May be sent
 * again on another connection when one has died, and is then answered anew.
 */
final class Command {
    private static final int ZEROES_BYTES = 1 << 16;
    private static final MemorySegment ZEROES = Arena.global().allocate(ZEROES_BYTES);

    private int type;
    private int flags;
    private long offset;
    private int bytes;
    private @Nullable Payload payload;
    private @Nullable NbdRequest request;
    private long position;

    /** By which the reply names it; set anew whenever it is sent. */
    long cookie;
    /** Of a FLUSH: what it covers; set anew whenever it is sent. */
    long ticket;
    /** What is reserved for it among the {@link Unflushed} writes. */
    int reserved;

    private long received;
    private int errno;

    /**
     * Begins anew.
     *
     * @param type and {@code flags} as on the wire
     * @param offset in the export, in bytes
     * @param bytes as a length on the wire
     * @param payload of READ and WRITE
     * @param position where in the payload this command's data begins
     * @param request that it is part of, {@code null} for one of our own
     */
    Command begin(
            int type,
            int flags,
            long offset,
            int bytes,
            @Nullable Payload payload,
            long position,
            @Nullable NbdRequest request) {
        this.type = type;
        this.flags = flags;
        this.offset = offset;
        this.bytes = bytes;
        this.payload = payload;
        this.position = position;
        this.request = request;
        reserved = 0;
        restart();
        return this;
    }

    /** Forgets what has come back. */
    void restart() {
        received = 0;
        errno = 0;
    }

    int type() {
        return type;
    }

    int flags() {
        return flags;
    }

    long offset() {
        return offset;
    }

    int bytes() {
        return bytes;
    }

    @Nullable
    NbdRequest request() {
        return request;
    }

    boolean isRead() {
        return type == Nbd.CMD_READ;
    }

    boolean isDurable() {
        return (flags & Nbd.CMD_FLAG_FUA) != 0;
    }

    /** Why this cannot be asked of another export than it was made for, as an errno; 0 if it can. */
    int obstacle(Export export) {
        if (isDurable() && !export.has(Nbd.FLAG_SEND_FUA)) {
            return Errno.EOPNOTSUPP;
        }
        boolean tooLong = (isRead() || type == Nbd.CMD_WRITE) && bytes > export.maximumPayload();
        return tooLong ? Errno.EINVAL : export.obstacle(type, offset, bytes);
    }

    /** Bytes that follow the request message. */
    int outgoingBytes() {
        return type == Nbd.CMD_WRITE ? bytes : 0;
    }

    /** The first error that the server or we ourselves met, as an errno; 0 if all is well. */
    int errno() {
        return errno;
    }

    void fail(int with) {
        if (errno == 0) {
            errno = with;
        }
    }

    /** Whether a READ has been answered with as many bytes as it asked for. */
    boolean isAnsweredWhole() {
        return received == bytes;
    }

    /** Copies the data of a WRITE; false if it cannot be had, which is an error of the command by then. */
    boolean copyData(MemorySegment to, long toOffset) {
        try {
            if (payload != null) {
                payload.read(position, to, toOffset, bytes);
            }
            return true;
        } catch (InternalError e) {
            fail(Errno.EFAULT);
            return false;
        }
    }

    /**
     * Stores data of a READ.
     *
     * @param at from the command's beginning; checked
     * @param count checked
     */
    void store(long at, MemorySegment from, long fromOffset, long count) {
        received += count;
        try {
            if (payload != null && errno == 0) {
                payload.write(position + at, from, fromOffset, count);
            }
        } catch (InternalError e) {
            fail(Errno.EFAULT);
        }
    }

    /** Stores zeroes; parameters as for {@link #store}. */
    void storeZeroes(long at, long count) {
        for (long done = 0; done < count; ) {
            long piece = Math.min(ZEROES_BYTES, count - done);
            store(at + done, ZEROES, 0, piece);
            done += piece;
        }
    }

    /** Whether so many bytes at a place are part of what is asked for and has not come yet. */
    boolean expects(long at, long count) {
        return at >= 0 && count > 0 && count <= bytes - received && at <= bytes - count;
    }
}
