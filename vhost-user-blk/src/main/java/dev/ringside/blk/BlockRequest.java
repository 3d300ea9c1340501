package dev.ringside.blk;

import dev.ringside.loop.AsyncFile;
import dev.ringside.queue.DescriptorChain;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * One request while its I/O is in flight. A queue keeps one of these for each chain that it can have, and reuses it.
 */
final class BlockRequest {
    /** What the request waits for. */
    enum Stage {
        READ,
        WRITE,
        /** Data is written; it still has to become durable. */
        SYNC
    }

    /** Segments that go into one operation; a request with more takes several. */
    private static final int IOVEC_ENTRIES = 128;

    private static final int IOV_LEN = 8;

    private final MemorySegment iovec;
    private final DescriptorChain chain;
    private Stage stage = Stage.SYNC;
    private long dataPosition;
    private long offset;
    private long bytes;
    private long done;

    /**
     * @param chain the chain object that it always belongs to
     * @param arena lives as long as operations can be in flight
     */
    BlockRequest(DescriptorChain chain, Arena arena) {
        this.chain = chain;
        this.iovec = arena.allocate((long) IOVEC_ENTRIES * DescriptorChain.IOVEC_BYTES, 8);
    }

    /**
     * Begins a transfer.
     *
     * @param stage {@link Stage#READ} or {@link Stage#WRITE}
     * @param dataPosition where the data begins in the chain's writable or readable part
     * @param offset in the image, in bytes
     * @param bytes of data, above 0
     */
    void begin(Stage stage, long dataPosition, long offset, long bytes) {
        this.stage = stage;
        this.dataPosition = dataPosition;
        this.offset = offset;
        this.bytes = bytes;
        this.done = 0;
    }

    void becomeSync() {
        stage = Stage.SYNC;
    }

    DescriptorChain chain() {
        return chain;
    }

    Stage stage() {
        return stage;
    }

    /** In the image, of the whole request, in bytes. */
    long offset() {
        return offset;
    }

    /** Of data, in all. */
    long bytes() {
        return bytes;
    }

    /**
     * Counts what an operation moved.
     *
     * @return whether that was all
     */
    boolean advance(int moved) {
        done += moved;
        return done == bytes;
    }

    /** Starts the next operation: everything that is left, or as much as fits into one. */
    void transfer(AsyncFile file) {
        long position = dataPosition + done;
        long rest = bytes - done;
        int slot = chain.slot();
        boolean read = stage == Stage.READ;
        int count = read ? chain.writableIovec(position, rest, iovec) : chain.readableIovec(position, rest, iovec);
        if (count == 1) {
            long address = iovec.get(ValueLayout.JAVA_LONG, 0);
            int length = (int) Math.min(iovec.get(ValueLayout.JAVA_LONG, IOV_LEN), AsyncFile.MAX_BYTES);
            if (read) {
                file.read(slot, address, length, offset + done);
            } else {
                file.write(slot, address, length, offset + done);
            }
        } else if (read) {
            file.readv(slot, iovec.address(), Math.min(count, IOVEC_ENTRIES), offset + done);
        } else {
            file.writev(slot, iovec.address(), Math.min(count, IOVEC_ENTRIES), offset + done);
        }
    }
}
