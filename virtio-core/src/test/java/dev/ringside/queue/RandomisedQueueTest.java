package dev.ringside.queue;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.fault.ChainFault;
import dev.ringside.fault.RingFault;
import dev.ringside.testing.Buffer;
import dev.ringside.testing.FakeDriver.Used;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.SplitDriver;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A driver and a device that do what they like in any order, against a model with lists in place of rings. Every run of
 * a seed is the same.
 */
class RandomisedQueueTest {
    private static final int STEPS = 20_000;
    private static final int[] SIZES = {1, 2, 4, 16, 64, 256, 1024};

    /** A chain that the driver has added. */
    private record Offered(int head, List<Buffer> buffers, boolean faulty) {}

    private record Taken(Offered offered, DescriptorChain chain) {}

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
    void shouldDoAsTheModelDoes(int seed) throws RingFault {
        Random random = new Random(seed);
        try (FakeMemory memory = FakeMemory.of(4 << 20)) {
            new Run(random, memory).run();
        }
    }

    private static final class Run {
        private final Random random;
        private final RandomChains chains;
        private final RingFeatures features;
        private final SplitRing ring;
        private final SplitDriver driver;
        private final SplitVirtqueue queue;

        private final Deque<Offered> added = new ArrayDeque<>();
        private final Deque<Offered> available = new ArrayDeque<>();
        private final List<Taken> taken = new ArrayList<>();
        private final Deque<Used> pushed = new ArrayDeque<>();
        private final Deque<Used> used = new ArrayDeque<>();
        private final Deque<DescriptorChain> idle = new ArrayDeque<>();
        private int usedIdx;
        private int takenIdx;
        private int usedEvent;
        private boolean noInterrupt;
        private boolean first = true;

        Run(Random random, FakeMemory memory) throws RingFault {
            this.random = random;
            this.chains = new RandomChains(random, memory);
            this.features = new RingFeatures(random.nextBoolean(), random.nextBoolean());
            int base = random.nextInt(1 << 16);
            this.ring = SplitRing.in(memory, SIZES[random.nextInt(SIZES.length)], features, base);
            this.driver = ring.driver;
            this.queue = ring.queue;
            this.usedIdx = base;
            this.takenIdx = base;
            this.usedEvent = base;
        }

        void run() throws RingFault {
            for (int step = 0; step < STEPS; step++) {
                switch (random.nextInt(16)) {
                    case 0, 1, 2, 3 -> add();
                    case 4, 5 -> publishAvail();
                    case 6, 7, 8 -> poll();
                    case 9, 10 -> push();
                    case 11 -> publishUsed();
                    case 12, 13 -> takeUsed();
                    case 14 -> suppressCalls();
                    default -> suppressKicks();
                }
            }
            assertThat(chains.matches()).isTrue();
        }

        private void add() {
            int room = Math.min(driver.free(), 12);
            if (room == 0) {
                return;
            }
            boolean faulty = random.nextInt(16) == 0;
            int most = features.indirectDesc() ? 12 : room;
            List<Buffer> buffers = faulty ? chains.nextFaulty(most) : chains.next(most);
            int direct = features.indirectDesc() && (buffers.size() > room || random.nextBoolean())
                    ? random.nextInt(Math.min(room, buffers.size()))
                    : buffers.size();
            int head = driver.add(buffers.subList(0, direct), buffers.subList(direct, buffers.size()));
            added.add(new Offered(head, buffers, faulty));
        }

        private void publishAvail() {
            driver.publish();
            available.addAll(added);
            added.clear();
        }

        private void poll() throws RingFault {
            assertThat(queue.isEmpty()).isEqualTo(available.isEmpty());
            assertThat(queue.base()).isEqualTo(takenIdx);
            DescriptorChain chain = idle.isEmpty() ? new DescriptorChain(taken.size()) : idle.pop();
            Offered expected = available.poll();
            boolean faulty = false;
            try {
                assertThat(queue.poll(chain)).isEqualTo(expected != null);
            } catch (ChainFault e) {
                faulty = true;
            }
            if (expected == null) {
                idle.push(chain);
                return;
            }
            takenIdx = (takenIdx + 1) & 0xffff;
            assertThat(faulty).isEqualTo(expected.faulty());
            assertThat(chain.head()).isEqualTo(expected.head());
            taken.add(new Taken(expected, chain));
            if (!faulty) {
                compare(chain, expected.buffers());
            }
        }

        private void compare(DescriptorChain chain, List<Buffer> buffers) {
            long readable = RandomChains.bytes(buffers, false);
            long writable = RandomChains.bytes(buffers, true);
            assertThat(chain.readableBytes()).isEqualTo(readable);
            assertThat(chain.writableBytes()).isEqualTo(writable);
            assertThat(chain.endsWritable()).isEqualTo(writable > 0);
            if (readable > 0) {
                int position = random.nextInt((int) readable);
                byte[] read = new byte[random.nextInt((int) readable - position + 1)];
                chain.read(position, MemorySegment.ofArray(read), 0, read.length);
                assertThat(read).isEqualTo(chains.read(buffers, position, read.length));
            }
            if (readable >= 8) {
                int position = random.nextInt((int) readable - 7);
                byte[] eight = chains.read(buffers, position, 8);
                long value = 0;
                for (int i = 7; i >= 0; i--) {
                    value = value << 8 | (eight[i] & 0xff);
                }
                assertThat(chain.readU64(position)).isEqualTo(value);
            }
            if (writable > 0) {
                int position = random.nextInt((int) writable);
                byte[] written = new byte[random.nextInt((int) writable - position + 1)];
                random.nextBytes(written);
                chain.write(position, MemorySegment.ofArray(written), 0, written.length);
                chains.write(buffers, position, written);
                int last = random.nextInt(256);
                chain.writeLast(last);
                chains.write(buffers, writable - 1, new byte[] {(byte) last});
            }
        }

        private void push() {
            if (taken.isEmpty()) {
                return;
            }
            Taken done = taken.remove(random.nextInt(taken.size()));
            long written = random.nextInt() & 0xffff_ffffL;
            queue.push(done.chain(), written);
            pushed.add(new Used(done.offered().head(), written));
            done.chain().clear();
            idle.push(done.chain());
        }

        private void publishUsed() {
            int before = usedIdx;
            usedIdx = (usedIdx + pushed.size()) & 0xffff;
            boolean wanted = features.eventIdx() ? SplitDriver.needEvent(usedEvent, usedIdx, before) : !noInterrupt;
            assertThat(queue.publish()).isEqualTo(!pushed.isEmpty() && (first || wanted));
            assertThat(driver.usedIdx()).isEqualTo(usedIdx);
            first &= pushed.isEmpty();
            used.addAll(pushed);
            pushed.clear();
        }

        private void takeUsed() {
            assertThat(driver.takeUsed()).isEqualTo(used.poll());
        }

        private void suppressCalls() {
            noInterrupt = random.nextBoolean();
            usedEvent = (usedIdx + random.nextInt(8) - 3) & 0xffff;
            driver.availFlags(noInterrupt ? SplitDriver.NO_INTERRUPT : 0);
            driver.usedEvent(usedEvent);
        }

        private void suppressKicks() throws RingFault {
            if (random.nextBoolean()) {
                queue.disarmKicks();
                assertThat(driver.usedFlags()).isEqualTo(features.eventIdx() ? 0 : SplitDriver.NO_NOTIFY);
            } else {
                assertThat(queue.armKicks()).isEqualTo(!available.isEmpty());
                assertThat(driver.usedFlags()).isZero();
                if (features.eventIdx()) {
                    assertThat(driver.availEvent()).isEqualTo(takenIdx);
                }
            }
        }
    }
}
