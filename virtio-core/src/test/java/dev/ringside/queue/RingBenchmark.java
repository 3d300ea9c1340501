package dev.ringside.queue;

import dev.ringside.fault.ChainFault;
import dev.ringside.fault.RingFault;
import dev.ringside.memory.GuestAccess;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.PackedDriver;
import dev.ringside.testing.SplitDriver;
import java.lang.foreign.MemorySegment;
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
 * share alone. Run by {@code ./mvnw -Pbench -pl virtio-core test-compile exec:exec}.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class RingBenchmark {
    private static final int BATCH = 32;
    /** Room for a batch of the longest chains. */
    private static final int SIZE = 1024;

    private static final RingFeatures FEATURES = new RingFeatures(true, true);

    /** A driver that does nothing but what the ring needs. */
    private interface Driver {
        void offer();

        /** Looks at what was used. Returns something that depends on it. */
        long reap();
    }

    @Param({"split", "packed"})
    public String format;

    @Param({"1", "3", "18"})
    public int descriptors;

    @Param({"false", "true"})
    public boolean indirect;

    private FakeMemory memory;
    private Driver driver;
    private Virtqueue queue;
    private final DescriptorChain chain = new DescriptorChain(0);

    @Setup
    public void layOut() throws RingFault {
        memory = FakeMemory.of(8 << 20);
        long[] tables = new long[BATCH];
        for (int i = 0; i < BATCH; i++) {
            tables[i] = memory.allocate(descriptors * 16L, 16);
        }
        if (format.equals("split")) {
            SplitDriver split = new SplitDriver(memory, SIZE, true);
            driver = new SplitOffer(split, tables);
            queue = new SplitVirtqueue(SIZE, 0, split.address(), FEATURES, memory.memory());
        } else {
            PackedDriver packed = new PackedDriver(memory, SIZE, true);
            driver = new PackedOffer(packed, tables);
            queue = new PackedVirtqueue(SIZE, packed.base(), packed.address(), FEATURES, memory.memory());
        }
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
        return driver.reap();
    }

    private MemorySegment table(long address) {
        return memory.atUser(memory.userAddress(address), descriptors * 16L);
    }

    private boolean isWritable(int index) {
        return index > 0;
    }

    /** Chain {@code i} has the descriptors from {@code i} times the chains' length on, as after a long time. */
    private final class SplitOffer implements Driver {
        private final SplitDriver ring;
        private final MemorySegment desc;
        private final MemorySegment used;
        private final MemorySegment[] tables = new MemorySegment[BATCH];
        private final long[] addresses;
        private int idx;

        SplitOffer(SplitDriver ring, long[] addresses) {
            this.ring = ring;
            this.addresses = addresses;
            desc = memory.atUser(ring.address().desc(), SIZE * 16L);
            used = memory.atUser(ring.address().used(), 4 + SIZE * 8L);
            for (int i = 0; i < BATCH; i++) {
                tables[i] = table(addresses[i]);
            }
        }

        @Override
        public void offer() {
            for (int i = 0; i < BATCH; i++) {
                int head = indirect ? i : i * descriptors;
                if (indirect) {
                    write(tables[i], 0);
                    SplitDriver.descriptor(desc, head, addresses[i], descriptors * 16L, SplitDriver.INDIRECT, 0);
                } else {
                    write(desc, head);
                }
                ring.availEntry(idx + i, head);
            }
            idx = (idx + BATCH) & 0xffff;
            ring.availIdx(idx);
        }

        private void write(MemorySegment to, int first) {
            for (int i = 0; i < descriptors; i++) {
                boolean last = i == descriptors - 1;
                int flags = (last ? 0 : SplitDriver.NEXT) | (isWritable(i) ? SplitDriver.WRITE : 0);
                SplitDriver.descriptor(
                        to, first + i, FakeMemory.GUEST_ADDRESS + 4096L * i, 512, flags, last ? 0 : first + i + 1);
            }
        }

        @Override
        public long reap() {
            long sum = ring.usedIdx();
            for (int i = 0; i < BATCH; i++) {
                sum += GuestAccess.u64(used, 4 + ((idx + i) & (SIZE - 1)) * 8L);
            }
            return sum;
        }
    }

    private final class PackedOffer implements Driver {
        private final MemorySegment desc;
        private final MemorySegment[] tables = new MemorySegment[BATCH];
        private final long[] addresses;
        private int next;
        private int wrap = 1;
        private int nextUsed;

        PackedOffer(PackedDriver ring, long[] addresses) {
            this.addresses = addresses;
            desc = memory.atUser(ring.address().desc(), SIZE * 16L);
            for (int i = 0; i < BATCH; i++) {
                tables[i] = table(addresses[i]);
            }
        }

        @Override
        public void offer() {
            for (int id = 0; id < BATCH; id++) {
                int first = next;
                int firstFlags = 0;
                int entries = indirect ? 1 : descriptors;
                for (int i = 0; i < entries; i++) {
                    int flags = PackedDriver.available(wrap)
                            | (indirect ? PackedDriver.INDIRECT : isWritable(i) ? PackedDriver.WRITE : 0)
                            | (i < entries - 1 ? PackedDriver.NEXT : 0);
                    if (i == 0) {
                        firstFlags = flags;
                        flags = PackedDriver.available(wrap ^ 1);
                    }
                    if (indirect) {
                        writeTable(tables[id]);
                        PackedDriver.descriptor(desc, next, addresses[id], descriptors * 16L, id, flags);
                    } else {
                        PackedDriver.descriptor(desc, next, FakeMemory.GUEST_ADDRESS + 4096L * i, 512, id, flags);
                    }
                    if (++next == SIZE) {
                        next = 0;
                        wrap ^= 1;
                    }
                }
                GuestAccess.putU16Release(desc, first * 16L + PackedWalk.FLAGS, firstFlags);
            }
        }

        private void writeTable(MemorySegment to) {
            for (int i = 0; i < descriptors; i++) {
                PackedDriver.descriptor(
                        to, i, FakeMemory.GUEST_ADDRESS + 4096L * i, 512, 0, isWritable(i) ? PackedDriver.WRITE : 0);
            }
        }

        @Override
        public long reap() {
            long sum = 0;
            int entries = indirect ? 1 : descriptors;
            for (int i = 0; i < BATCH; i++) {
                sum += GuestAccess.u16Acquire(desc, nextUsed * 16L + PackedWalk.FLAGS);
                sum += GuestAccess.u64(desc, nextUsed * 16L + PackedWalk.LEN);
                nextUsed = (nextUsed + entries) & (SIZE - 1);
            }
            return sum;
        }
    }
}
