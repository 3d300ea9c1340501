package dev.ringside.blk.storage;

import dev.ringside.queue.DescriptorChain;
import java.lang.foreign.MemorySegment;

/**
 * Data on its way between guest memory and a range of a storage, and how far it has come. One for each slot of a queue,
 * reused from request to request.
 */
public final class Transfer {
    private final DescriptorChain chain;
    private boolean intoGuest;
    private long position;
    private long offset;
    private long bytes;
    private long done;

    /** @param chain the chain object that it always belongs to, and whose slot it shares */
    public Transfer(DescriptorChain chain) {
        this.chain = chain;
    }

    /**
     * Begins anew.
     *
     * @param intoGuest whether data goes into the chain's writable part, or comes out of its readable part
     * @param position where in that part the data begins
     * @param offset in the storage, in bytes
     * @param bytes above 0
     */
    public void begin(boolean intoGuest, long position, long offset, long bytes) {
        this.intoGuest = intoGuest;
        this.position = position;
        this.offset = offset;
        this.bytes = bytes;
        this.done = 0;
    }

    public int slot() {
        return chain.slot();
    }

    public boolean isIntoGuest() {
        return intoGuest;
    }

    /** In the storage, of the whole transfer, in bytes. */
    public long offset() {
        return offset;
    }

    /** Of the whole transfer. */
    public long bytes() {
        return bytes;
    }

    /** In the storage, of what is still to be moved, in bytes. */
    public long nextOffset() {
        return offset + done;
    }

    /** Of the transfer's bytes, moved so far. */
    public long done() {
        return done;
    }

    /** Still to be moved. */
    public long remaining() {
        return bytes - done;
    }

    /** Counts bytes as moved. */
    public void advance(long moved) {
        done += moved;
    }

    /**
     * Describes the memory of what is still to be moved.
     *
     * @param iovec filled with struct iovec, until it is full or all is described
     * @return how many entries were filled
     */
    public int remainingIovec(MemorySegment iovec) {
        return intoGuest
                ? chain.writableIovec(position + done, remaining(), iovec)
                : chain.readableIovec(position + done, remaining(), iovec);
    }

    /**
     * Copies from guest memory, for storages that cannot use it in place.
     *
     * @param at counted from the transfer's beginning, whatever has been moved
     * @param to where to, from {@code toOffset} on
     */
    public void copyFromGuest(long at, MemorySegment to, long toOffset, long count) {
        chain.read(position + at, to, toOffset, count);
    }

    /**
     * Copies into guest memory; parameters as for {@link #copyFromGuest}.
     *
     * @param from where from, from {@code fromOffset} on
     */
    public void copyIntoGuest(long at, MemorySegment from, long fromOffset, long count) {
        chain.write(position + at, from, fromOffset, count);
    }
}
