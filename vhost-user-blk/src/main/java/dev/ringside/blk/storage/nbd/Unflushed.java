package dev.ringside.blk.storage.nbd;

import io.netty.buffer.ByteBuf;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The writes that a server has acknowledged and not yet made durable: a disk's write cache, so to say, kept on our side
 * as well. A server that dies may forget them, and the guest, to whom they have been reported, would read old data; so
 * they are kept here until a flush has covered them, and written again before anything else when a server has been
 * found anew.
 *
 * <p>Their number is bounded, as a disk's cache is: a write reserves its place before it is sent and waits when there is
 * none, and a flush of our own makes place. Thread-safe; shared by all links of a storage.
 */
final class Unflushed {
    /** What is kept at most, together with what is on its way to be kept. */
    static final long LIMIT_BYTES = 32 << 20;
    /** What is kept when a flush begins. */
    static final long FLUSH_BYTES = LIMIT_BYTES / 2;

    /** What a write costs beside its data. */
    private static final int ENTRY_BYTES = 128;

    /**
     * A write, or a range of zeroes.
     *
     * @param ticket its place in the order of acknowledgement
     * @param type and {@code flags} as on the wire
     * @param data of a WRITE
     */
    record Write(
            long ticket,
            int type,
            int flags,
            long offset,
            int bytes,
            @Nullable ByteBuf data) implements Payload {
        @Override
        public void read(long position, MemorySegment to, long toOffset, long count) {
            if (data != null) {
                MemorySegment from = MemorySegment.ofBuffer(data.nioBuffer());
                MemorySegment.copy(from, position, to, toOffset, count);
            }
        }

        @Override
        public void write(long position, MemorySegment from, long fromOffset, long count) {
            throw new IllegalStateException("a write does not read");
        }

        boolean overlaps(Write other) {
            return offset < other.offset + other.bytes && other.offset < offset + bytes;
        }

        private int cost() {
            return costOf(data == null ? 0 : bytes);
        }
    }

    private final ArrayDeque<Write> writes = new ArrayDeque<>();
    private List<Runnable> waiting = new ArrayList<>();
    private long acknowledged;
    private long keptBytes;
    private long reservedBytes;
    private boolean flushing;
    private int error;

    /** What must be reserved for a command with so much data. */
    static int costOf(int dataBytes) {
        return ENTRY_BYTES + dataBytes;
    }

    /**
     * Reserves the place for a write.
     *
     * @param whenThereIsRoom runs once, on any thread, if there is none now
     */
    synchronized boolean reserve(int cost, Runnable whenThereIsRoom) {
        if (keptBytes + reservedBytes + cost > LIMIT_BYTES) {
            waiting.add(whenThereIsRoom);
            return false;
        }
        reservedBytes += cost;
        return true;
    }

    /** Gives a reservation up. */
    void release(int cost) {
        List<Runnable> woken;
        synchronized (this) {
            reservedBytes -= cost;
            woken = wake();
        }
        woken.forEach(Runnable::run);
    }

    private List<Runnable> wake() {
        if (waiting.isEmpty() || keptBytes + reservedBytes >= LIMIT_BYTES) {
            return List.of();
        }
        List<Runnable> woken = waiting;
        waiting = new ArrayList<>();
        return woken;
    }

    synchronized boolean isEmpty() {
        return writes.isEmpty();
    }

    /**
     * Keeps a write that has been acknowledged. It has been reserved, and the reservation goes on.
     *
     * @param data taken over
     */
    synchronized void keep(int type, int flags, long offset, int bytes, @Nullable ByteBuf data) {
        Write write = new Write(acknowledged++, type, flags, offset, bytes, data);
        writes.addLast(write);
        reservedBytes -= write.cost();
        keptBytes += write.cost();
    }

    /** What a flush that is sent now covers. */
    synchronized long ticket() {
        return acknowledged;
    }

    /** Whether so much is kept that a flush should be sent, which the caller then does. */
    synchronized boolean beginFlush() {
        if (flushing || keptBytes < FLUSH_BYTES) {
            return false;
        }
        flushing = true;
        return true;
    }

    /** The flush that began is over, in whatever way. */
    void endFlush() {
        List<Runnable> woken;
        synchronized (this) {
            flushing = false;
            woken = wake();
        }
        woken.forEach(Runnable::run);
    }

    /** A flush has covered what was acknowledged before it was sent. */
    void flushed(long ticket) {
        List<Runnable> woken;
        synchronized (this) {
            forget(ticket);
            woken = wake();
        }
        woken.forEach(Runnable::run);
    }

    private void forget(long ticket) {
        while (!writes.isEmpty() && writes.getFirst().ticket() < ticket) {
            Write write = writes.removeFirst();
            keptBytes -= write.cost();
            if (write.data() != null) {
                write.data().release();
            }
        }
    }

    /** A flush of our own has failed: the server may not report that twice, so the guest's next flush has to. */
    void flushFailed(long ticket, int errno) {
        synchronized (this) {
            error = errno;
        }
        flushed(ticket);
    }

    /** The error that the guest's next flush has to report, which is now; 0 for none. */
    synchronized int takeError() {
        int taken = error;
        error = 0;
        return taken;
    }

    /** All of them in order. They stay valid until they are flushed, which nobody does while all links are down. */
    synchronized List<Write> all() {
        return List.copyOf(writes);
    }
}
