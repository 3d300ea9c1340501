package dev.ringside.e1000;

import dev.ringside.pci.Dma;
import dev.ringside.pci.DmaFence;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Receive descriptors fetched ahead (§3.2.6): for each, the address of its buffer. One fetch takes as many as there are in a
 * row, up to what the card can hold.
 */
final class ReceiveDescriptors {
    /** More than the largest frame takes of the smallest buffers. */
    private static final int CAPACITY = 128;

    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final DescriptorRing ring;
    private final MemorySegment fetched =
            Arena.ofAuto().allocate((long) CAPACITY * DescriptorRing.DESCRIPTOR_BYTES, DescriptorRing.DESCRIPTOR_BYTES);
    private final long[] buffers = new long[CAPACITY];
    private int first;
    private int count;
    private int fetching;

    ReceiveDescriptors(DescriptorRing ring) {
        this.ring = ring;
    }

    /** How many are at hand. */
    int count() {
        return count;
    }

    /** Buffer address of the next one. */
    long buffer() {
        return buffers[first];
    }

    /** The next one has been used. */
    void remove() {
        first = (first + 1) % CAPACITY;
        count--;
    }

    /**
     * Starts to fetch more, behind those at hand.
     *
     * @param from index in the ring of the first at hand
     * @param fence idle when {@link #take} may be called
     * @return whether there are any, and room for them
     */
    boolean fetch(int from, Dma dma, DmaFence fence) {
        int next = ring.plus(from, count);
        int more = Math.min(CAPACITY - count, Math.min(ring.inARow(next), ring.toTail(from) - count));
        if (more <= 0) {
            return false;
        }
        fetching = more;
        dma.read(ring.address(next), fetched, 0, more * DescriptorRing.DESCRIPTOR_BYTES, fence);
        return true;
    }

    /** Takes over what was fetched. */
    void take() {
        for (int i = 0; i < fetching; i++) {
            buffers[(first + count + i) % CAPACITY] = fetched.get(U64, (long) i * DescriptorRing.DESCRIPTOR_BYTES);
        }
        count += fetching;
        fetching = 0;
    }

    /** Forgets everything. */
    void clear() {
        first = 0;
        count = 0;
        fetching = 0;
    }
}
