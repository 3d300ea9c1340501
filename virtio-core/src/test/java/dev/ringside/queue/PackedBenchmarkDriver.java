package dev.ringside.queue;

import dev.ringside.fault.RingFault;
import dev.ringside.memory.GuestAccess;
import dev.ringside.memory.GuestMemory;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.PackedDriver;
import java.lang.foreign.MemorySegment;

/** Makes every chain available by itself, as drivers do: its first descriptor's flags come last. */
final class PackedBenchmarkDriver extends BenchmarkDriver {
    private final PackedDriver ring;
    private final MemorySegment desc;
    /** Entries of the ring that a chain takes. */
    private final int entries;

    private int next;
    private int wrap = 1;
    private int nextUsed;
    private int usedWrap = 1;
    private long sum;

    PackedBenchmarkDriver(FakeMemory memory, int descriptors, boolean indirect) {
        super(memory, descriptors, indirect);
        this.entries = indirect ? 1 : descriptors;
        ring = new PackedDriver(memory, SIZE, FEATURES.eventIdx());
        desc = memory.atUser(ring.address().desc(), (long) SIZE * DescriptorWalk.DESC_BYTES);
    }

    @Override
    Virtqueue device(GuestMemory seen) throws RingFault {
        return new PackedVirtqueue(SIZE, ring.base(), address(ring.address(), seen), FEATURES, seen);
    }

    @Override
    void makeAvailable() {
        for (int id = 0; id < BATCH; id++) {
            int first = next;
            int firstFlags = 0;
            for (int i = 0; i < entries; i++) {
                int flags = PackedDriver.available(wrap) | (i < entries - 1 ? PackedDriver.NEXT : 0);
                if (tables.length > 0) {
                    flags |= PackedDriver.INDIRECT;
                } else if (isWritable(i)) {
                    flags |= PackedDriver.WRITE;
                }
                if (i == 0) {
                    firstFlags = flags;
                    flags = PackedDriver.available(wrap ^ 1);
                }
                if (tables.length > 0) {
                    writeTable(tables[id]);
                    PackedDriver.descriptor(desc, next, tableAddresses[id], tableBytes(), id, flags);
                } else {
                    PackedDriver.descriptor(desc, next, buffer(i), BUFFER_BYTES, id, flags);
                }
                if (++next == SIZE) {
                    next = 0;
                    wrap ^= 1;
                }
            }
            GuestAccess.putU16Release(desc, at(first) + PackedWalk.FLAGS, firstFlags);
        }
    }

    private void writeTable(MemorySegment to) {
        for (int i = 0; i < descriptors; i++) {
            PackedDriver.descriptor(to, i, buffer(i), BUFFER_BYTES, 0, isWritable(i) ? PackedDriver.WRITE : 0);
        }
    }

    @Override
    int look() {
        int count = 0;
        while (isUsed(GuestAccess.u16Acquire(desc, at(nextUsed) + PackedWalk.FLAGS))) {
            lookAtNext();
            count++;
        }
        return count;
    }

    private boolean isUsed(int flags) {
        int both = PackedDriver.AVAIL | PackedDriver.USED;
        return (flags & both) == (usedWrap != 0 ? both : 0);
    }

    private void lookAtNext() {
        sum += GuestAccess.u64(desc, at(nextUsed) + PackedWalk.WORD);
        nextUsed += entries;
        if (nextUsed >= SIZE) {
            nextUsed -= SIZE;
            usedWrap ^= 1;
        }
    }

    @Override
    long reapUnseen() {
        for (int i = 0; i < BATCH; i++) {
            sum += GuestAccess.u16Acquire(desc, at(nextUsed) + PackedWalk.FLAGS);
            lookAtNext();
        }
        return sum;
    }

    private static long at(int index) {
        return (long) index * DescriptorWalk.DESC_BYTES;
    }
}
