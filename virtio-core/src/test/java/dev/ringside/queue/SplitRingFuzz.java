package dev.ringside.queue;

import dev.ringside.fault.RingFault;
import dev.ringside.fuzz.FuzzInput;
import dev.ringside.memory.GuestMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The split ring's walk, its indices, and its record of what is in flight. */
public final class SplitRingFuzz extends RingProgram {
    private int availIdx;

    @Override
    Virtqueue queue(
            FuzzInput input, VringAddress address, RingFeatures features, GuestMemory memory, MemorySegment record)
            throws RingFault {
        int how = input.u8();
        int size = (how & 7) == 7 ? input.i32() : 1 << (how & 7);
        int base = (how & 8) == 0 ? 0 : input.u16();
        availIdx = base;
        boolean fits = record != null && size > 0 && SplitVirtqueue.inflightBytes(size) <= record.byteSize();
        return new SplitVirtqueue(
                size,
                base,
                address,
                features,
                memory,
                fits ? record.asSlice(0, SplitVirtqueue.inflightBytes(size)) : null);
    }

    @Override
    void offer(FuzzInput input, Virtqueue queue) {
        int slot = availIdx & (queue.size() - 1);
        long element = DRIVER_AREA + SplitVirtqueue.AVAIL_RING + 2L * slot;
        if (element < DEVICE_AREA) {
            ring().set(ValueLayout.JAVA_SHORT, element, (short) input.u8());
        }
        availIdx = (availIdx + 1) & 0xffff;
        ring().set(ValueLayout.JAVA_SHORT, DRIVER_AREA + SplitVirtqueue.AVAIL_IDX, (short) availIdx);
    }

    @Override
    void putRest(FuzzInput input, long at, int flags) {
        ring().set(ValueLayout.JAVA_SHORT, at, (short) ((flags & 8) == 0 ? flags & 7 : input.u16()));
        ring().set(ValueLayout.JAVA_SHORT, at + 2, (short) input.u8());
    }
}
