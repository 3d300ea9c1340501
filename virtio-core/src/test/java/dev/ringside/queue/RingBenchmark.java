package dev.ringside.queue;

import dev.ringside.fault.ChainFault;
import dev.ringside.fault.MessageFault;
import dev.ringside.fault.RingFault;
import dev.ringside.testing.FakeMemory;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a chain costs: a driver writes its descriptors, the device takes it, finds its buffers and hands it back, the
 * driver sees it used. Both on one thread, so that no time goes into moving cache lines; {@link #driver} is the driver's
 * share alone, and {@link TwoCoresBenchmark} what both cost side by side. Run by {@code ./mvnw -Pbench -pl virtio-core test-compile exec:exec}.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class RingBenchmark {
    private static final int BATCH = BenchmarkDriver.BATCH;

    @Param({"split", "packed"})
    public String format;

    @Param({"1", "3", "18"})
    public int descriptors;

    @Param({"false", "true"})
    public boolean indirect;

    /** Whether the device is behind an IOMMU, of whose pages all are known. */
    @Param("false")
    public boolean iommu;

    private FakeMemory memory;
    private BenchmarkDriver driver;
    private Virtqueue queue;
    private final DescriptorChain chain = new DescriptorChain(0);

    @Setup
    public void layOut() throws RingFault, MessageFault {
        memory = FakeMemory.of(8 << 20);
        driver = BenchmarkDriver.of(format, memory, descriptors, indirect, 1);
        queue = driver.device(iommu);
    }

    @TearDown
    public void unmap() {
        memory.close();
    }

    /** Time for each chain. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long roundTrip() throws ChainFault, RingFault {
        driver.offer();
        long sum = 0;
        while (!queue.isEmpty()) {
            queue.poll(chain);
            sum += chain.segments();
            queue.push(chain, 1);
            chain.trim();
        }
        queue.publish();
        return sum + driver.reap();
    }

    /** The driver's share of it. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public long driver() {
        driver.offer();
        return driver.reapUnseen();
    }
}
