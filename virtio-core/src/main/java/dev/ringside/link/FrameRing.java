package dev.ringside.link;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * Frames one after the other in a bounded piece of native memory. Each is in one piece: where one does not fit before
 * the end of the memory, the rest is left out. Not thread-safe, but the frame that {@link #peek} shows stays untouched
 * until {@link #remove}.
 *
 * <pre>
 *   record: i32 bytes of the frame, or SKIP; struct virtio_net_hdr; the frame; up to a multiple of 8
 * </pre>
 */
final class FrameRing {
    private static final int CAPACITY = 1 << 20;
    private static final int SKIP = -1;
    private static final int HEADER = 4;
    private static final int FRAME = HEADER + NetHeader.BYTES;

    private @Nullable MemorySegment memory;
    /** Free-running positions; the ring is empty when they are equal. */
    private long head;

    private long tail;

    boolean isEmpty() {
        return head == tail;
    }

    /** Appends a copy. Returns whether there was room. */
    boolean add(Frame frame) {
        long bytes = recordBytes(frame.bytes());
        long at = tail % CAPACITY;
        long toEnd = CAPACITY - at;
        long skipped = toEnd < bytes ? toEnd : 0;
        if (tail + skipped + bytes - head > CAPACITY) {
            return false;
        }
        MemorySegment ring = memory();
        if (skipped > 0) {
            ring.set(ValueLayout.JAVA_INT, at, SKIP);
            at = 0;
        }
        ring.set(ValueLayout.JAVA_INT, at, frame.bytes());
        frame.header().write(ring, at + HEADER, 0);
        frame.copyTo(0, ring, at + FRAME, frame.bytes());
        tail += skipped + bytes;
        return true;
    }

    /** Shows the oldest frame; there must be one. */
    void peek(Frame frame) {
        long at = headRecord();
        MemorySegment ring = memory();
        frame.clear();
        frame.header().read(ring, at + HEADER);
        frame.add(ring, at + FRAME, ring.get(ValueLayout.JAVA_INT, at));
    }

    /** Takes the oldest frame away; there must be one. */
    void remove() {
        long at = headRecord();
        head += recordBytes(memory().get(ValueLayout.JAVA_INT, at));
    }

    private long headRecord() {
        long at = head % CAPACITY;
        if (memory().get(ValueLayout.JAVA_INT, at) == SKIP) {
            head += CAPACITY - at;
            return 0;
        }
        return at;
    }

    void clear() {
        head = tail;
        memory = null;
    }

    private static long recordBytes(int frameBytes) {
        return (FRAME + frameBytes + 7L) & ~7L;
    }

    private MemorySegment memory() {
        MemorySegment made = memory;
        if (made == null) {
            // Collected, not closed: a frame in it may still be on its way when the receiver goes.
            made = Arena.ofAuto().allocate(CAPACITY, 8);
            memory = made;
        }
        return made;
    }
}
