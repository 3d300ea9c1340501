package dev.ringside.queue;

import dev.ringside.fault.ChainFault;
import dev.ringside.fault.MessageFault;
import dev.ringside.fault.RingFault;
import dev.ringside.testing.FakeMemory;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Group;
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
import org.openjdk.jmh.infra.Control;

/**
 * What a chain costs with driver and device on processors of their own, both of which poll: the time that counts is the
 * driver's, for each chain that it made available and saw used. Most of it goes into moving cache lines from one processor to
 * the other, of which a packed ring needs fewer.
 */
@State(Scope.Group)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 10, time = 1)
@Fork(1)
public class TwoCoresBenchmark {
    private static final int BATCH = BenchmarkDriver.BATCH;

    /** Batches that are available at a time, so that neither side waits for the other all the time. */
    private static final int AHEAD = 4;

    @Param({"split", "packed"})
    public String format;

    @Param({"1", "3"})
    public int descriptors;

    private FakeMemory memory;
    private BenchmarkDriver driver;
    private Virtqueue queue;
    private final DescriptorChain chain = new DescriptorChain(0);

    @Setup
    public void layOut() throws RingFault, MessageFault {
        memory = FakeMemory.of(8 << 20);
        driver = BenchmarkDriver.of(format, memory, descriptors, false, AHEAD);
        queue = driver.device(false);
    }

    @TearDown
    public void unmap() {
        memory.close();
    }

    @Benchmark
    @Group("twoCores")
    @OperationsPerInvocation(BATCH)
    public int driver(Control control) {
        while (driver.outstanding() > (AHEAD - 1) * BATCH) {
            if (driver.reap() == 0) {
                if (control.stopMeasurement) {
                    break;
                }
                Thread.onSpinWait();
            }
        }
        if (driver.outstanding() <= (AHEAD - 1) * BATCH) {
            driver.offer();
        }
        return driver.outstanding();
    }

    @Benchmark
    @Group("twoCores")
    @OperationsPerInvocation(BATCH)
    public long device(Control control) throws ChainFault, RingFault {
        while (queue.isEmpty()) {
            if (control.stopMeasurement) {
                return 0;
            }
            Thread.onSpinWait();
        }
        long sum = 0;
        for (int i = 0; i < BATCH && !queue.isEmpty(); i++) {
            queue.poll(chain);
            sum += chain.segments();
            queue.push(chain, 1);
        }
        queue.publish();
        return sum;
    }
}
