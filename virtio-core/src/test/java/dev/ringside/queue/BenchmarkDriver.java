package dev.ringside.queue;

import dev.ringside.fault.MessageFault;
import dev.ringside.fault.RingFault;
import dev.ringside.memory.GuestMemory;
import dev.ringside.memory.Iotlb;
import dev.ringside.testing.FakeMemory;
import java.lang.foreign.MemorySegment;

/**
 * A driver that does nothing but what the ring needs: it makes chains available by the batch, all alike, and looks at those
 * that were used.
 */
abstract sealed class BenchmarkDriver permits SplitBenchmarkDriver, PackedBenchmarkDriver {
    static final int BATCH = 32;

    /** Room for a batch of the longest chains. */
    static final int SIZE = 1024;

    static final RingFeatures FEATURES = new RingFeatures(true, true);

    static final int BUFFER_BYTES = 512;
    private static final int PAGE_BYTES = 4096;

    final FakeMemory memory;
    /** Descriptors of a chain. */
    final int descriptors;
    /** Where they are in a table of their own, by place in the batch; nothing otherwise. */
    final MemorySegment[] tables;

    final long[] tableAddresses;

    private int outstanding;

    BenchmarkDriver(FakeMemory memory, int descriptors, boolean indirect) {
        this.memory = memory;
        this.descriptors = descriptors;
        this.tables = new MemorySegment[indirect ? BATCH : 0];
        this.tableAddresses = new long[tables.length];
        for (int i = 0; i < tables.length; i++) {
            tableAddresses[i] = memory.allocate(tableBytes(), DescriptorWalk.DESC_BYTES);
            tables[i] = memory.atUser(memory.userAddress(tableAddresses[i]), tableBytes());
        }
    }

    /**
     * A driver of either kind.
     *
     * @param format {@code split} or {@code packed}
     * @param batches most that are available at a time
     */
    static BenchmarkDriver of(String format, FakeMemory memory, int descriptors, boolean indirect, int batches) {
        return format.equals("split")
                ? new SplitBenchmarkDriver(memory, descriptors, indirect, batches)
                : new PackedBenchmarkDriver(memory, descriptors, indirect);
    }

    /** Makes the device of this driver, behind an IOMMU or not. */
    final Virtqueue device(boolean iommu) throws RingFault, MessageFault {
        GuestMemory physical = memory.memory();
        if (!iommu) {
            return device(physical);
        }
        Iotlb translations = new Iotlb(miss -> {
            throw new AssertionError("missed " + miss);
        });
        for (var region : physical.regions()) {
            for (long page = 0; page < region.size(); page += PAGE_BYTES) {
                translations.update(
                        region.guestAddress() + page, PAGE_BYTES, region.userAddress() + page, Iotlb.READ_WRITE);
            }
        }
        return device(physical.behind(translations));
    }

    abstract Virtqueue device(GuestMemory seen) throws RingFault;

    /** Where a ring lies as its device is told: an address of the front-end's, or an I/O virtual one, which is a guest-physical one here. */
    static VringAddress address(VringAddress user, GuestMemory seen) {
        if (seen.iotlb() == null) {
            return user;
        }
        long shift = FakeMemory.GUEST_ADDRESS - FakeMemory.USER_ADDRESS;
        return new VringAddress(user.desc() + shift, user.avail() + shift, user.used() + shift);
    }

    /** Makes a batch available. */
    final void offer() {
        makeAvailable();
        outstanding += BATCH;
    }

    abstract void makeAvailable();

    /** Looks at the chains that were used since the last look. Returns how many. */
    final int reap() {
        int count = look();
        outstanding -= count;
        return count;
    }

    abstract int look();

    /** Chains that were made available, and not seen to be used. */
    final int outstanding() {
        return outstanding;
    }

    /** The same work, as if a whole batch had been used. Returns something that depends on it. */
    abstract long reapUnseen();

    final long tableBytes() {
        return (long) descriptors * DescriptorWalk.DESC_BYTES;
    }

    static long buffer(int index) {
        return FakeMemory.GUEST_ADDRESS + (long) PAGE_BYTES * index;
    }

    static boolean isWritable(int index) {
        return index > 0;
    }
}
