package dev.ringside.queue;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.ringside.fault.ChainFault;
import dev.ringside.fault.RingFault;
import dev.ringside.testing.FakeMemory;
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
                chain.clear();
            }
            queue.armKicks();
            queue.publish();
            total += (driver.usedIdx() - before) & 0xffff;
            before = driver.usedIdx();
        }
        return total;
    }
}
