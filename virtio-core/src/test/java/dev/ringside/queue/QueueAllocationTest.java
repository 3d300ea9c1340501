package dev.ringside.queue;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.ringside.fault.ChainFault;
import dev.ringside.fault.RingFault;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.PackedDriver;
import dev.ringside.testing.SplitDriver;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The data path makes no garbage: what every chain costs, millions of times a second, is no object. */
class QueueAllocationTest {
    private static final int WARM_UP_BATCHES = 40_000;
    private static final int BATCHES = 20_000;
    private static final int BATCH = 32;
    /** A block request's: header, two pages, status. */
    private static final int DESCRIPTORS = 4;

    private static final int[] LENGTHS = {16, 4096, 4096, 1};

    /** Far below one object for each chain, above what a late compilation may leave behind. */
    private static final double BYTES_PER_CHAIN = 1;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldAllocateNothingForEachChain(boolean indirect) throws Exception {
        try (SplitRing ring = SplitRing.of(BATCH * DESCRIPTORS);
                Arena arena = Arena.ofConfined()) {
            MemorySegment iovec = arena.allocate(DESCRIPTORS * 16L, 8);
            int[] heads = layOut(ring, indirect);
            serve(ring, heads, iovec, WARM_UP_BATCHES);

            long before = threads.getCurrentThreadAllocatedBytes();
            int used = serve(ring, heads, iovec, BATCHES);
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;

            assertThat(used).isEqualTo(BATCHES * BATCH);
            assertThat(allocated / (double) used)
                    .as("bytes allocated for each chain")
                    .isLessThan(BYTES_PER_CHAIN);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldAllocateNothingForEachChainOfAPackedRing(boolean indirect) throws Exception {
        try (PackedRing ring = PackedRing.of(BATCH * DESCRIPTORS);
                Arena arena = Arena.ofConfined()) {
            MemorySegment iovec = arena.allocate(DESCRIPTORS * 16L, 8);
            long table = ring.memory.allocate(DESCRIPTORS * 16L, 16);
            MemorySegment descriptors = ring.memory.atUser(ring.memory.userAddress(table), DESCRIPTORS * 16L);
            for (int i = 0; i < DESCRIPTORS; i++) {
                PackedDriver.descriptor(descriptors, i, buffer(i), LENGTHS[i], 0, i == 0 ? 0 : PackedDriver.WRITE);
            }
            long indirectTable = indirect ? table : 0;
            servePacked(ring, indirectTable, iovec, WARM_UP_BATCHES);

            long before = threads.getCurrentThreadAllocatedBytes();
            int taken = servePacked(ring, indirectTable, iovec, BATCHES);
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;

            assertThat(taken).isEqualTo(BATCHES * BATCH);
            assertThat(allocated / (double) taken)
                    .as("bytes allocated for each chain")
                    .isLessThan(BYTES_PER_CHAIN);
        }
    }

    private static long buffer(int index) {
        return FakeMemory.GUEST_ADDRESS + 8192L * index;
    }

    private static int servePacked(PackedRing ring, long indirectTable, MemorySegment iovec, int batches)
            throws ChainFault, RingFault {
        PackedDriver driver = ring.driver;
        PackedVirtqueue queue = ring.queue;
        DescriptorChain chain = ring.chain;
        int taken = 0;
        for (int batch = 0; batch < batches; batch++) {
            for (int id = 0; id < BATCH; id++) {
                if (indirectTable != 0) {
                    driver.entry(indirectTable, DESCRIPTORS * 16L, id, PackedDriver.INDIRECT);
                } else {
                    for (int i = 0; i < DESCRIPTORS; i++) {
                        int flags = (i == 0 ? 0 : PackedDriver.WRITE) | (i < DESCRIPTORS - 1 ? PackedDriver.NEXT : 0);
                        driver.entry(buffer(i), LENGTHS[i], id, flags);
                    }
                }
            }
            driver.driverEvent(PackedDriver.DESC, driver.place());
            driver.publish();
            queue.disarmKicks();
            while (queue.poll(chain)) {
                long header = chain.readU64(0) + chain.readU64(8);
                int segments = chain.writableIovec(0, chain.writableBytes() - 1, iovec);
                chain.writeLast((int) header);
                queue.push(chain, segments);
                chain.trim();
                taken++;
            }
            queue.armKicks();
            queue.publish();
        }
        return taken;
    }

    /** Descriptors are written once: this test is about the device's side. */
    private static int[] layOut(SplitRing ring, boolean indirect) {
        int[] heads = new int[BATCH];
        for (int i = 0; i < BATCH; i++) {
            var chain = ring.driver.chain();
            if (indirect) {
                chain.indirect();
            }
            heads[i] = chain.readable(new byte[16])
                    .writableAt(FakeMemory.GUEST_ADDRESS, 4096)
                    .writableAt(FakeMemory.GUEST_ADDRESS + 8192, 4096)
                    .writable(1)
                    .add()
                    .id();
        }
        return heads;
    }

    private static int serve(SplitRing ring, int[] heads, MemorySegment iovec, int batches)
            throws ChainFault, RingFault {
        SplitDriver driver = ring.driver;
        SplitVirtqueue queue = ring.queue;
        DescriptorChain chain = ring.chain;
        int before = driver.usedIdx();
        int total = 0;
        for (int batch = 0; batch < batches; batch++) {
            int idx = queue.base();
            for (int i = 0; i < BATCH; i++) {
                driver.availEntry(idx + i, heads[i]);
            }
            driver.usedEvent(idx + BATCH - 1);
            driver.availIdx(idx + BATCH);
            queue.disarmKicks();
            while (queue.poll(chain)) {
                long header = chain.readU64(0) + chain.readU64(8);
                int segments = chain.writableIovec(0, chain.writableBytes() - 1, iovec);
                chain.writeLast((int) header);
                queue.push(chain, segments);
                chain.trim();
            }
            queue.armKicks();
            queue.publish();
            total += (driver.usedIdx() - before) & 0xffff;
            before = driver.usedIdx();
        }
        return total;
    }
}
