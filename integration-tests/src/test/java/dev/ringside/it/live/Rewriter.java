package dev.ringside.it.live;

import dev.ringside.testing.FakeMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;

/**
 * Stores into memory that a back-end reads, as fast as it can, for as long as it is open: values that mean something often
 * enough, so that what was valid when it was checked is something else when it is used.
 */
final class Rewriter implements AutoCloseable {
    private static final int PAUSE_EVERY = 512;

    private final MemorySegment memory;
    private final int ringBytes;
    private final SplittableRandom random;
    private final Thread thread;
    private volatile boolean over;
    private volatile long stores;

    /**
     * @param memory shared with the back-end, from {@link FakeMemory#GUEST_ADDRESS} on
     * @param ringBytes from its beginning on: where rings are
     */
    Rewriter(MemorySegment memory, int ringBytes, long seed) {
        this.memory = memory;
        this.ringBytes = ringBytes;
        this.random = new SplittableRandom(seed);
        this.thread = Thread.ofPlatform().daemon().name("rewriter").start(this::rewrite);
    }

    private void rewrite() {
        long count = 0;
        while (!over) {
            try {
                store();
            } catch (InternalError e) {
                // The front-end has cut its own memory.
                Thread.onSpinWait();
            }
            stores = ++count;
            if (count % PAUSE_EVERY == 0) {
                // The back-end shares the processor with us where there are few.
                Thread.onSpinWait();
            }
        }
    }

    private void store() {
        int at = random.nextInt(random.nextInt(4) == 0 ? (int) memory.byteSize() - 16 : ringBytes - 16);
        switch (random.nextInt(6)) {
            // An address, a length, flags and next: the parts of descriptors, of either format.
            case 0 -> memory.set(ValueLayout.JAVA_LONG, at & ~15L, FakeMemory.GUEST_ADDRESS + random.nextInt(1 << 20));
            case 1 -> memory.set(ValueLayout.JAVA_INT, (at & ~15L) + 8, random.nextInt() >>> random.nextInt(32));
            case 2 ->
                memory.set(
                        ValueLayout.JAVA_INT,
                        (at & ~15L) + 12,
                        random.nextInt(8) | random.nextInt(64) << 16 | (random.nextBoolean() ? 0x80_0000 : 0));
            // Indices.
            case 3 -> memory.set(ValueLayout.JAVA_SHORT, at & ~1L, (short) random.nextInt(64));
            case 4 -> {
                long index = at & ~1L;
                memory.set(ValueLayout.JAVA_SHORT, index, (short) (memory.get(ValueLayout.JAVA_SHORT, index) + 1));
            }
            // What requests, frames and headers begin with.
            default -> memory.set(ValueLayout.JAVA_LONG, at & ~7L, random.nextLong() >>> random.nextInt(64));
        }
    }

    /** How often it has stored something. */
    long stores() {
        return stores;
    }

    @Override
    public void close() {
        over = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
