package dev.ringside.queue;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.fault.ChainFault;
import dev.ringside.fault.RingFault;
import dev.ringside.testing.FakeChain;
import dev.ringside.testing.FakeDriver.Used;
import dev.ringside.testing.FakeMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Chains go round: offered, taken, used, in every order and at every index (virtio 1.2 §2.7.13, §2.7.14). */
class SplitVirtqueueTest {
    private static final int U16 = 1 << 16;

    @Test
    void shouldBeEmptyUntilTheDriverPublishes() throws Exception {
        try (SplitRing ring = SplitRing.of(8)) {
            assertThat(ring.queue.isEmpty()).isTrue();
            ring.driver.chain().readable((byte) 1).add();
            assertThat(ring.queue.isEmpty()).isTrue();
            assertThat(ring.queue.poll(ring.chain)).isFalse();

            ring.driver.publish();

            assertThat(ring.queue.isEmpty()).isFalse();
            assertThat(ring.queue.poll(ring.chain)).isTrue();
            assertThat(ring.queue.isEmpty()).isTrue();
        }
    }

    @Test
    void shouldShowWhatWasPushedOnlyOncePublished() throws Exception {
        try (SplitRing ring = SplitRing.of(8)) {
            FakeChain offered = ring.driver.chain().writable(16).offer();
            ring.queue.poll(ring.chain);
            ring.queue.push(ring.chain, 16);
            assertThat(ring.driver.takeUsed()).isNull();

            ring.queue.publish();

            assertThat(ring.driver.takeUsed()).isEqualTo(new Used(offered.id(), 16));
            assertThat(ring.driver.takeUsed()).isNull();
        }
    }

    @Test
    void shouldReportAWrittenLengthAbove2GiBUnsigned() throws Exception {
        try (SplitRing ring = SplitRing.of(8)) {
            ring.driver.chain().writable(16).offer();
            ring.serveOne(0xffff_fff0L);
            assertThat(ring.driver.takeUsed()).isEqualTo(new Used(0, 0xffff_fff0L));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 32768})
    void shouldTakeAFullRingInOrderAndReturnItInAnyOther(int size) throws Exception {
        try (SplitRing ring = SplitRing.of(size)) {
            List<DescriptorChain> taken = new ArrayList<>();
            List<Integer> heads = new ArrayList<>();
            for (int i = 0; i < size; i++) {
                heads.add(ring.driver
                        .chain()
                        .readableAt(FakeMemory.GUEST_ADDRESS + i, 1)
                        .add()
                        .id());
            }
            ring.driver.publish();
            for (int i = 0; i < size; i++) {
                DescriptorChain chain = new DescriptorChain(i);
                assertThat(ring.queue.poll(chain)).isTrue();
                assertThat(chain.head()).isEqualTo(heads.get(i));
                taken.add(chain);
            }
            assertThat(ring.queue.poll(ring.chain)).isFalse();

            Collections.reverse(taken);
            for (DescriptorChain chain : taken) {
                ring.queue.push(chain, chain.slot());
            }
            ring.queue.publish();

            for (int i = size - 1; i >= 0; i--) {
                assertThat(ring.driver.takeUsed()).isEqualTo(new Used(heads.get(i), i));
            }
            assertThat(ring.driver.free()).isEqualTo(size);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 256, 32768})
    void shouldGoOnWhereItsIndicesWrap(int size) throws Exception {
        for (boolean eventIdx : new boolean[] {false, true}) {
            try (SplitRing ring = SplitRing.startingAt(U16 - 3, size, new RingFeatures(true, eventIdx))) {
                for (int i = 0; i < 7; i++) {
                    ring.roundTrip();
                }
                assertThat(ring.queue.base()).isEqualTo(4);
                assertThat(ring.driver.usedIdx()).isEqualTo(4);
            }
        }
    }

    @Test
    void shouldGoRoundMoreOftenThanItsIndicesCount() throws Exception {
        try (SplitRing ring = SplitRing.of(2)) {
            for (int i = 0; i < 2 * U16 + 5; i++) {
                ring.roundTrip();
            }
            assertThat(ring.queue.base()).isEqualTo(5);
        }
    }

    @Test
    void shouldTakeAFullRingAcrossTheWrap() throws Exception {
        try (SplitRing ring = SplitRing.startingAt(U16 - 100, 256, new RingFeatures(true, true))) {
            for (int i = 0; i < 256; i++) {
                ring.driver.chain().writable(4).add();
            }
            ring.driver.publish();
            int count = 0;
            while (ring.queue.poll(ring.chain)) {
                ring.queue.push(ring.chain, 0);
                count++;
            }
            ring.queue.publish();
            assertThat(count).isEqualTo(256);
            assertThat(ring.queue.base()).isEqualTo(156);
            assertThat(ring.driver.usedIdx()).isEqualTo(156);
        }
    }

    @Test
    void shouldResumeAtItsBase() throws Exception {
        try (SplitRing ring = SplitRing.of(8)) {
            ring.roundTrip();
            ring.roundTrip();
            FakeChain third = ring.driver.chain().readable((byte) 3).offer();

            SplitVirtqueue next = new SplitVirtqueue(
                    8, ring.queue.base(), ring.driver.address(), new RingFeatures(true, true), ring.memory.memory());

            assertThat(next.base()).isEqualTo(2);
            assertThat(next.poll(ring.chain)).isTrue();
            assertThat(ring.chain.head()).isEqualTo(third.id());
            next.push(ring.chain, 0);
            next.publish();
            assertThat(ring.driver.takeUsed()).isEqualTo(new Used(third.id(), 0));
        }
    }

    @Test
    void shouldTakeABaseModulo2To16() throws RingFault, ChainFault {
        try (SplitRing ring = SplitRing.startingAt(0x8000, 4, new RingFeatures(false, false))) {
            ring.roundTrip();
            assertThat(ring.queue.base()).isEqualTo(0x8001);
        }
    }

    @Test
    void shouldReadADescriptorOnceAndKeepWhatItRead() throws Exception {
        try (SplitRing ring = SplitRing.of(8)) {
            FakeChain offered = ring.driver.chain().readable((byte) 7).offer();
            ring.queue.poll(ring.chain);

            ring.driver.descriptor(offered.id(), ~0L, 0xffff_ffffL, ~0, ~0);

            assertThat(ring.chain.readableBytes()).isEqualTo(1);
            assertThat(ring.chain.head()).isEqualTo(offered.id());
            byte[] read = new byte[1];
            ring.chain.read(0, MemorySegment.ofArray(read), 0, 1);
            assertThat(read).containsExactly(7);
        }
    }

    @Test
    void shouldWorkInAnotherGenerationOfMemory() throws Exception {
        try (SplitRing ring = SplitRing.of(8)) {
            ring.roundTrip();
            long far = 0x9_0000_0000L;
            ring.memory.region(far, FakeMemory.USER_ADDRESS + (1L << 40), 4096);

            ring.queue.rebind(ring.memory.memory());

            ring.driver.chain().readableAt(far, 4096).offer();
            assertThat(ring.queue.poll(ring.chain)).isTrue();
            assertThat(ring.chain.readableBytes()).isEqualTo(4096);
            assertThat(ring.queue.base()).isEqualTo(2);
        }
    }
}
