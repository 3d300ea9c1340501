package dev.ringside.queue;

import dev.ringside.fault.RingFault;
import dev.ringside.fuzz.FuzzInput;
import dev.ringside.memory.GuestMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The packed ring's walk, its laps, and its record of what is in flight. */
public final class PackedRingFuzz extends RingProgram {
    private int next;
    private int wrap;

    @Override
    Virtqueue queue(
            FuzzInput input, VringAddress address, RingFeatures features, GuestMemory memory, MemorySegment record)
            throws RingFault {
        int how = input.u8();
        int size = (how & 15) == 15 ? input.i32() : 1 + (how & 15);
        int base = (how & 16) == 0 ? PackedVirtqueue.INITIAL_BASE : input.i32();
        next = base & 0x7fff;
        wrap = (base >>> 15) & 1;
        boolean fits = record != null && size > 0 && PackedVirtqueue.inflightBytes(size) <= record.byteSize();
        return new PackedVirtqueue(
                size,
                base,
                address,
                features,
                memory,
                fits ? record.asSlice(0, PackedVirtqueue.inflightBytes(size)) : null);
    }

    /** One more entry, of this lap; the rest of its flags the bytes have. */
    @Override
    void offer(FuzzInput input, Virtqueue queue) {
        if (next >= queue.size() || 16L * next >= DRIVER_AREA) {
            return;
        }
        int flags = (input.u8() & 7) | (wrap != 0 ? PackedVirtqueue.F_AVAIL : PackedVirtqueue.F_USED);
        int how = input.u8();
        long at = DESC + 16L * next;
        ring().set(ValueLayout.JAVA_LONG, at, address(input, how));
        ring().set(ValueLayout.JAVA_INT, at + 8, (int) length(input, how >> 2));
        ring().set(ValueLayout.JAVA_SHORT, at + 12, (short) input.u8());
        ring().set(ValueLayout.JAVA_SHORT, at + 14, (short) flags);
        next++;
        if (next == queue.size()) {
            next = 0;
            wrap ^= 1;
        }
    }

    @Override
    void putRest(FuzzInput input, long at, int flags) {
        ring().set(ValueLayout.JAVA_SHORT, at, (short) input.u8());
        ring().set(ValueLayout.JAVA_SHORT, at + 2, (short) ((flags & 8) == 0 ? (flags & 7) | 0x80 : input.u16()));
    }
}
