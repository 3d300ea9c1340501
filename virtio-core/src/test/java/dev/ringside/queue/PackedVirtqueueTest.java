package dev.ringside.queue;

import static dev.ringside.testing.PackedDriver.AVAIL;
import static dev.ringside.testing.PackedDriver.USED;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.testing.FakeChain;
import dev.ringside.testing.FakeDriver.Used;
import dev.ringside.testing.FakeMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Chains go round: offered, taken, used, in every order and in every lap (virtio 1.2 §2.8.17 to §2.8.22). */
class PackedVirtqueueTest {
    private static final int WRAP = 1 << 15;
    private static final RingFeatures FEATURES = new RingFeatures(true, true);

    @Test
    void shouldBeEmptyUntilTheDriverPublishes() throws Exception {
        try (PackedRing ring = PackedRing.of(8)) {
            assertThat(ring.queue.isEmpty()).isTrue();
            ring.driver.chain().readable((byte) 1).readable((byte) 2).add();
            ring.driver.chain().readable((byte) 3).add();
            assertThat(ring.queue.isEmpty()).isTrue();
            assertThat(ring.queue.poll(ring.chain)).isFalse();

            ring.driver.publish();

            assertThat(ring.queue.isEmpty()).isFalse();
            assertThat(ring.queue.poll(ring.chain)).isTrue();
            assertThat(ring.chain.readableBytes()).isEqualTo(2);
            assertThat(ring.queue.poll(ring.chain)).isTrue();
            assertThat(ring.queue.isEmpty()).isTrue();
        }
    }

    @Test
    void shouldShowWhatWasPushedOnlyOncePublished() throws Exception {
        try (PackedRing ring = PackedRing.of(8)) {
            FakeChain first = ring.driver.chain().writable(16).offer();
            FakeChain second = ring.driver.chain().writable(16).offer();
            for (int i = 0; i < 2; i++) {
                ring.queue.poll(ring.chain);
                ring.queue.push(ring.chain, 16);
                assertThat(ring.driver.takeUsed()).isNull();
            }

            ring.queue.publish();

            assertThat(ring.driver.takeUsed()).isEqualTo(new Used(first.id(), 16));
            assertThat(ring.driver.takeUsed()).isEqualTo(new Used(second.id(), 16));
            assertThat(ring.driver.takeUsed()).isNull();
        }
    }

    @Test
    void shouldReportAWrittenLengthAbove2GiBUnsigned() throws Exception {
        try (PackedRing ring = PackedRing.of(8)) {
            FakeChain offered = ring.driver.chain().writable(16).offer();
            ring.serveOne(0xffff_fff0L);
            assertThat(ring.driver.takeUsed()).isEqualTo(new Used(offered.id(), 0xffff_fff0L));
        }
    }

    /** The used descriptor of a chain lies where its first was, if it is the oldest; as many entries are skipped. */
    @Test
    void shouldSkipAsManyEntriesAsTheChainHad() throws Exception {
        try (PackedRing ring = PackedRing.of(8)) {
            ring.roundTrip(3);
            assertThat(ring.queue.base()).isEqualTo((3 | WRAP) << 16 | 3 | WRAP);
            ring.roundTrip(1);
            assertThat(ring.driver.usedPlace()).isEqualTo(4 | WRAP);
            assertThat(ring.queue.base()).isEqualTo((4 | WRAP) << 16 | 4 | WRAP);
        }
    }

    @Test
    void shouldCountAnIndirectTableAsOneEntry() throws Exception {
        try (PackedRing ring = PackedRing.of(8)) {
            ring.driver
                    .chain()
                    .indirect()
                    .readable((byte) 1)
                    .writable(2)
                    .writable(3)
                    .offer();
            ring.serveOne(5);
            assertThat(ring.queue.base()).isEqualTo((1 | WRAP) << 16 | 1 | WRAP);
        }
    }

    static IntStream sizes() {
        return IntStream.concat(
                IntStream.rangeClosed(1, 70), IntStream.of(100, 255, 256, 257, 1000, 1024, 32767, 32768));
    }

    /** Whatever the size: every entry is a chain's first, its last and one that a chain wraps at, in both laps. */
    @ParameterizedTest
    @MethodSource("sizes")
    void shouldGoRoundAtEverySize(int size) throws Exception {
        int[] lengths = {1, 2, 3, 1, 5, 18};
        try (PackedRing ring = PackedRing.of(size)) {
            int entries = 0;
            for (int i = 0; entries < Math.max(5 * size, 300); i++) {
                int length = Math.min(lengths[i % lengths.length], size);
                ring.roundTrip(length);
                entries += length;
                int place = entries % size | (entries / size % 2 == 0 ? WRAP : 0);
                assertThat(ring.queue.base()).isEqualTo(place << 16 | place);
                assertThat(ring.driver.free()).isEqualTo(size);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 8, 100, 256, 1000, 32768})
    void shouldTakeAFullRingInOrderAndReturnItInAnyOther(int size) throws Exception {
        try (PackedRing ring = PackedRing.startingAt(size / 2 | WRAP, size, FEATURES)) {
            List<Integer> ids = new ArrayList<>();
            for (int i = 0; i < size; i++) {
                ids.add(ring.driver
                        .chain()
                        .readableAt(FakeMemory.GUEST_ADDRESS + i, 1)
                        .add()
                        .id());
            }
            ring.driver.publish();
            List<DescriptorChain> taken = new ArrayList<>();
            for (int i = 0; i < size; i++) {
                DescriptorChain chain = new DescriptorChain(i);
                assertThat(ring.queue.poll(chain)).isTrue();
                assertThat(chain.head()).isEqualTo(ids.get(i));
                taken.add(chain);
            }
            assertThat(ring.queue.poll(ring.chain)).isFalse();

            Collections.reverse(taken);
            for (DescriptorChain chain : taken) {
                ring.queue.push(chain, chain.slot());
            }
            ring.queue.publish();

            for (int i = size - 1; i >= 0; i--) {
                assertThat(ring.driver.takeUsed()).isEqualTo(new Used(ids.get(i), i));
            }
            assertThat(ring.driver.free()).isEqualTo(size);
        }
    }

    @Test
    void shouldReturnLongAndShortChainsOutOfOrder() throws Exception {
        try (PackedRing ring = PackedRing.startingAt(5, 8, FEATURES)) {
            FakeChain longer = ring.driver
                    .chain()
                    .readable((byte) 1)
                    .readable((byte) 2)
                    .writable(1)
                    .add();
            FakeChain shorter = ring.driver.chain().writable(1).add();
            FakeChain last = ring.driver.chain().readable((byte) 1).writable(1).offer();
            DescriptorChain[] taken = new DescriptorChain[3];
            for (int i = 0; i < 3; i++) {
                taken[i] = new DescriptorChain(i);
                ring.queue.poll(taken[i]);
            }
            for (int i : new int[] {1, 2, 0}) {
                ring.queue.push(taken[i], 1);
                ring.queue.publish();
            }
            assertThat(ring.driver.takeUsed()).isEqualTo(new Used(shorter.id(), 1));
            assertThat(ring.driver.takeUsed()).isEqualTo(new Used(last.id(), 1));
            assertThat(ring.driver.takeUsed()).isEqualTo(new Used(longer.id(), 1));
            assertThat(ring.driver.free()).isEqualTo(8);
            assertThat(ring.driver.base()).isEqualTo(ring.queue.base());
        }
    }

    @Test
    void shouldTakeBackWhatItGaveOut() throws Exception {
        try (PackedRing ring = PackedRing.startingAt(6 | WRAP, 8, FEATURES)) {
            FakeChain first =
                    ring.driver.chain().readable((byte) 1).readable((byte) 2).add();
            FakeChain second = ring.driver
                    .chain()
                    .readable((byte) 3)
                    .readable((byte) 4)
                    .readable((byte) 5)
                    .offer();
            int before = ring.queue.base();
            DescriptorChain other = new DescriptorChain(1);
            ring.queue.poll(ring.chain);
            ring.queue.poll(other);
            ring.queue.unpoll(other);
            ring.queue.unpoll(ring.chain);
            assertThat(ring.queue.base()).isEqualTo(before);

            assertThat(ring.queue.poll(ring.chain)).isTrue();
            assertThat(ring.chain.head()).isEqualTo(first.id());
            assertThat(ring.queue.poll(other)).isTrue();
            assertThat(other.head()).isEqualTo(second.id());
            assertThat(ring.queue.isEmpty()).isTrue();
        }
    }

    @Test
    void shouldResumeAtItsBase() throws Exception {
        try (PackedRing ring = PackedRing.of(4)) {
            ring.roundTrip(3);
            ring.roundTrip(2);
            FakeChain third = ring.driver.chain().readable((byte) 3).offer();

            PackedVirtqueue next =
                    new PackedVirtqueue(4, ring.queue.base(), ring.driver.address(), FEATURES, ring.memory.memory());

            assertThat(next.base()).isEqualTo(1 << 16 | 1);
            assertThat(next.poll(ring.chain)).isTrue();
            assertThat(ring.chain.head()).isEqualTo(third.id());
            next.push(ring.chain, 0);
            next.publish();
            assertThat(ring.driver.takeUsed()).isEqualTo(new Used(third.id(), 0));
        }
    }

    /** DPDK's virtio_user gives the wrap counter of the available side and nothing else. */
    @Test
    void shouldBeginBothSidesAtOnePlaceIfOnlyOneIsGiven() throws Exception {
        try (PackedRing ring = PackedRing.of(4)) {
            PackedVirtqueue queue =
                    new PackedVirtqueue(4, 0x8000, ring.driver.address(), FEATURES, ring.memory.memory());
            assertThat(queue.base()).isEqualTo(PackedVirtqueue.INITIAL_BASE);
        }
    }

    /** User-Mode Linux sets a base of 0 for any new ring. */
    @Test
    void shouldTakeABaseOfZeroForTheBeginningOfANewRing() throws Exception {
        try (PackedRing ring = PackedRing.of(4)) {
            FakeChain offered = ring.driver.chain().readable((byte) 1).offer();
            PackedVirtqueue queue = new PackedVirtqueue(4, 0, ring.driver.address(), FEATURES, ring.memory.memory());
            assertThat(queue.poll(ring.chain)).isTrue();
            queue.push(ring.chain, 0);
            queue.publish();
            assertThat(ring.driver.takeUsed()).isEqualTo(new Used(offered.id(), 0));
        }
    }

    @Test
    void shouldTakeABaseOfZeroAtItsWordInARingThatWasUsed() throws Exception {
        try (PackedRing ring = PackedRing.of(4)) {
            ring.roundTrip(4);
            assertThat(ring.queue.base()).isZero();
            FakeChain offered = ring.driver.chain().readable((byte) 1).offer();
            PackedVirtqueue queue = new PackedVirtqueue(4, 0, ring.driver.address(), FEATURES, ring.memory.memory());
            assertThat(queue.base()).isZero();
            assertThat(queue.poll(ring.chain)).isTrue();
            queue.push(ring.chain, 0);
            queue.publish();
            assertThat(ring.driver.takeUsed()).isEqualTo(new Used(offered.id(), 0));
        }
    }

    /** A device that died with chains in flight has told where the next used descriptor is due. */
    @Test
    void shouldGoOnBehindWhatAnEarlierDeviceHasInFlight() throws Exception {
        try (PackedRing ring = PackedRing.of(4)) {
            ring.driver.chain().readable((byte) 1).readable((byte) 1).add();
            FakeChain second = ring.driver.chain().readable((byte) 2).offer();
            PackedVirtqueue queue = new PackedVirtqueue(
                    4, WRAP << 16 | 2 | WRAP, ring.driver.address(), FEATURES, ring.memory.memory());
            assertThat(queue.poll(ring.chain)).isTrue();
            assertThat(ring.chain.head()).isEqualTo(second.id());
            queue.push(ring.chain, 0);
            queue.publish();
            assertThat(ring.driver.takeUsed()).isEqualTo(new Used(second.id(), 0));
            assertThat(queue.base()).isEqualTo((1 | WRAP) << 16 | 3 | WRAP);
        }
    }

    @Test
    void shouldReadADescriptorOnceAndKeepWhatItRead() throws Exception {
        try (PackedRing ring = PackedRing.of(8)) {
            FakeChain offered = ring.driver.chain().readable((byte) 7).offer();
            ring.queue.poll(ring.chain);

            ring.driver.descriptor(0, ~0L, 0xffff_ffffL, ~0, ~0);

            assertThat(ring.chain.readableBytes()).isEqualTo(1);
            assertThat(ring.chain.head()).isEqualTo(offered.id());
            byte[] read = new byte[1];
            ring.chain.read(0, MemorySegment.ofArray(read), 0, 1);
            assertThat(read).containsExactly(7);
        }
    }

    /** The flags that made a chain available are those by which it is read. */
    @Test
    void shouldReadTheFirstFlagsOnce() throws Exception {
        try (PackedRing ring = PackedRing.of(8)) {
            ring.driver.chain().writable(1).offer();
            assertThat(ring.queue.isEmpty()).isFalse();
            ring.driver.descriptor(0, FakeMemory.GUEST_ADDRESS, 1, 0, 0);
            assertThat(ring.queue.poll(ring.chain)).isTrue();
            assertThat(ring.chain.writableBytes()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, AVAIL | USED})
    void shouldTakeNothingForAvailableWhoseFlagsAreAlike(int flags) throws Exception {
        for (int place : new int[] {WRAP, 0}) {
            try (PackedRing ring = PackedRing.startingAt(place, 8, FEATURES)) {
                ring.driver.descriptor(0, FakeMemory.GUEST_ADDRESS, 1, 0, flags);
                assertThat(ring.queue.isEmpty()).isTrue();
            }
        }
    }

    /** What the other lap's driver made available is not available in this one. */
    @Test
    void shouldTakeNothingOfAnotherLap() throws Exception {
        try (PackedRing ring = PackedRing.of(8)) {
            ring.driver.descriptor(0, FakeMemory.GUEST_ADDRESS, 1, 0, USED);
            assertThat(ring.queue.isEmpty()).isTrue();
        }
        try (PackedRing ring = PackedRing.startingAt(0, 8, FEATURES)) {
            ring.driver.descriptor(0, FakeMemory.GUEST_ADDRESS, 1, 0, AVAIL);
            assertThat(ring.queue.isEmpty()).isTrue();
        }
    }

    @Test
    void shouldWorkInAnotherGenerationOfMemory() throws Exception {
        try (PackedRing ring = PackedRing.of(8)) {
            ring.roundTrip();
            long far = 0x9_0000_0000L;
            ring.memory.region(far, FakeMemory.USER_ADDRESS + (1L << 40), 4096);

            ring.queue.rebind(ring.memory.memory());

            ring.driver.chain().readableAt(far, 4096).offer();
            assertThat(ring.queue.poll(ring.chain)).isTrue();
            assertThat(ring.chain.readableBytes()).isEqualTo(4096);
        }
    }
}
