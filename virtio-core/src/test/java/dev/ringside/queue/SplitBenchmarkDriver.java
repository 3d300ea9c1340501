package dev.ringside.queue;

import dev.ringside.fault.RingFault;
import dev.ringside.memory.GuestAccess;
import dev.ringside.memory.GuestMemory;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.SplitDriver;
import java.lang.foreign.MemorySegment;

/** Chain {@code i} of a batch has the descriptors from {@code i} times the chains' length on, as after a long time. */
final class SplitBenchmarkDriver extends BenchmarkDriver {
    private final SplitDriver ring;
    private final MemorySegment desc;
    private final MemorySegment used;
    private final int batches;
    private int offered;
    private int reaped;
    private long sum;

    SplitBenchmarkDriver(FakeMemory memory, int descriptors, boolean indirect, int batches) {
        super(memory, descriptors, indirect);
        this.batches = batches;
        ring = new SplitDriver(memory, SIZE, FEATURES.eventIdx());
        desc = memory.atUser(ring.address().desc(), (long) SIZE * DescriptorWalk.DESC_BYTES);
        used = memory.atUser(ring.address().used(), 4 + SIZE * 8L);
    }

    @Override
    Virtqueue device(GuestMemory seen) throws RingFault {
        return new SplitVirtqueue(SIZE, 0, address(ring.address(), seen), FEATURES, seen);
    }

    @Override
    void makeAvailable() {
        int first = offered / BATCH % batches * BATCH;
        for (int i = 0; i < BATCH; i++) {
            int head = first + i;
            if (tables.length > 0) {
                write(tables[i], 0);
                SplitDriver.descriptor(desc, head, tableAddresses[i], tableBytes(), SplitDriver.INDIRECT, 0);
            } else {
                head *= descriptors;
                write(desc, head);
            }
            ring.availEntry((offered + i) & 0xffff, head);
        }
        offered += BATCH;
        ring.availIdx(offered & 0xffff);
    }

    private void write(MemorySegment to, int first) {
        for (int i = 0; i < descriptors; i++) {
            boolean last = i == descriptors - 1;
            int flags = (last ? 0 : SplitDriver.NEXT) | (isWritable(i) ? SplitDriver.WRITE : 0);
            SplitDriver.descriptor(to, first + i, buffer(i), BUFFER_BYTES, flags, last ? 0 : first + i + 1);
        }
    }

    @Override
    int look() {
        int count = (ring.usedIdx() - reaped) & 0xffff;
        look(count);
        return count;
    }

    @Override
    long reapUnseen() {
        ring.usedIdx();
        look(BATCH);
        return sum;
    }

    private void look(int count) {
        for (int i = 0; i < count; i++) {
            sum += GuestAccess.u64(used, 4 + ((reaped + i) & (SIZE - 1)) * 8L);
        }
        reaped += count;
    }
}
