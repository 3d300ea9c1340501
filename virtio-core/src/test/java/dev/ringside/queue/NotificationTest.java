package dev.ringside.queue;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.SplitDriver;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who is notified when: used buffer notification suppression (virtio 1.2 §2.7.7) and that of kicks (§2.7.10). */
class NotificationTest {
    private static final RingFeatures FLAGS = new RingFeatures(true, false);
    private static final RingFeatures EVENT_IDX = new RingFeatures(true, true);

    @Test
    void shouldNotCallForNothing() throws Exception {
        try (SplitRing ring = SplitRing.of(8, FLAGS)) {
            assertThat(ring.queue.publish()).isFalse();
            ring.roundTrip();
            assertThat(ring.queue.publish()).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldCallOnceAfterAStartWhateverTheDriverAskedFor(boolean eventIdx) throws Exception {
        try (SplitRing ring = SplitRing.of(8, new RingFeatures(true, eventIdx))) {
            ring.driver.disarmCalls();
            assertThat(ring.roundTrip()).isTrue();
            ring.driver.disarmCalls();
            assertThat(ring.roundTrip()).isFalse();
        }
    }

    @Test
    void shouldNotCallADriverThatSetNoInterrupt() throws Exception {
        try (SplitRing ring = SplitRing.of(8, FLAGS)) {
            ring.roundTrip();
            ring.driver.availFlags(SplitDriver.NO_INTERRUPT);
            assertThat(ring.roundTrip()).isFalse();
            ring.driver.availFlags(0);
            assertThat(ring.roundTrip()).isTrue();
        }
    }

    @Test
    void shouldReadNothingButBitZeroInTheFlags() throws Exception {
        try (SplitRing ring = SplitRing.of(8, FLAGS)) {
            ring.roundTrip();
            ring.driver.availFlags(0xfffe);
            assertThat(ring.roundTrip()).isTrue();
        }
    }

    @Test
    void shouldIgnoreUsedEventWithoutEventIdx() throws Exception {
        try (SplitRing ring = SplitRing.of(8, FLAGS)) {
            ring.roundTrip();
            ring.driver.usedEvent(1000);
            assertThat(ring.roundTrip()).isTrue();
        }
    }

    @Test
    void shouldIgnoreTheFlagsWithEventIdx() throws Exception {
        try (SplitRing ring = SplitRing.of(8, EVENT_IDX)) {
            ring.roundTrip();
            ring.driver.armCalls();
            ring.driver.availFlags(SplitDriver.NO_INTERRUPT);
            assertThat(ring.roundTrip()).isTrue();
        }
    }

    /** One batch moves used_idx from {@code from} to {@code to}; is used_event reached on the way? */
    @ParameterizedTest
    @CsvSource({
        "    1,     2,     1, true", // exactly
        "    1,     2,     0, false", // long ago
        "    1,     2,     2, false", // the one after
        "    1,     5,     1, true", // the first of a batch
        "    1,     5,     4, true", // the last of a batch
        "    1,     5,     5, false",
        "65535,     0, 65535, true", // at the wrap
        "65535,     0,     0, false",
        "65534,     2, 65535, true", // a batch across the wrap
        "65534,     2,     0, true",
        "65534,     2,     1, true",
        "65534,     2,     2, false",
        "65534,     2, 65533, false",
        "    1,     2, 32769, false", // half a turn away
    })
    void shouldCallWhenUsedIdxPassesUsedEvent(int from, int to, int usedEvent, boolean called) throws Exception {
        int batch = (to - from) & 0xffff;
        try (SplitRing ring = SplitRing.startingAt((from - 1) & 0xffff, 8, EVENT_IDX)) {
            ring.roundTrip(); // the call that always comes first
            ring.driver.usedEvent(usedEvent);
            for (int i = 0; i < batch; i++) {
                ring.driver.chain().readableAt(FakeMemory.GUEST_ADDRESS, 1).offer();
                ring.queue.poll(ring.chain);
                ring.queue.push(ring.chain, 0);
            }
            assertThat(ring.queue.publish()).isEqualTo(called);
            assertThat(called).isEqualTo(SplitDriver.needEvent(usedEvent, to, from));
        }
    }

    @Test
    void shouldAskForNoKicksByFlag() throws Exception {
        try (SplitRing ring = SplitRing.of(8, FLAGS)) {
            ring.queue.disarmKicks();
            assertThat(ring.driver.usedFlags()).isEqualTo(SplitDriver.NO_NOTIFY);
            ring.driver.chain().readable((byte) 1).offer();
            assertThat(ring.driver.wantsKick()).isFalse();
        }
    }

    @Test
    void shouldAskForKicksByFlag() throws Exception {
        try (SplitRing ring = SplitRing.of(8, FLAGS)) {
            ring.queue.disarmKicks();
            assertThat(ring.queue.armKicks()).isFalse();
            assertThat(ring.driver.usedFlags()).isZero();
            ring.driver.chain().readable((byte) 1).offer();
            assertThat(ring.driver.wantsKick()).isTrue();
        }
    }

    @Test
    void shouldAskForAKickAtTheNextChainByEventIdx() throws Exception {
        try (SplitRing ring = SplitRing.of(8, EVENT_IDX)) {
            ring.roundTrip();
            ring.roundTrip();
            assertThat(ring.queue.armKicks()).isFalse();
            assertThat(ring.driver.availEvent()).isEqualTo(2);
            assertThat(ring.driver.usedFlags()).isZero();

            ring.driver.chain().readable((byte) 1).offer();
            assertThat(ring.driver.wantsKick()).isTrue();
            ring.driver.chain().readable((byte) 1).offer();
            assertThat(ring.driver.wantsKick()).as("one kick is enough").isFalse();
        }
    }

    @Test
    void shouldAskForNoKicksByEventIdx() throws Exception {
        try (SplitRing ring = SplitRing.of(8, EVENT_IDX)) {
            ring.queue.armKicks();
            ring.roundTrip();
            ring.queue.disarmKicks();
            ring.driver.chain().readable((byte) 1).offer();
            assertThat(ring.driver.wantsKick()).isFalse();
        }
    }

    @Test
    void shouldAskForAKickAcrossTheWrap() throws Exception {
        try (SplitRing ring = SplitRing.startingAt(0xffff, 8, EVENT_IDX)) {
            ring.queue.armKicks();
            ring.driver.chain().readable((byte) 1).offer();
            assertThat(ring.driver.wantsKick()).isTrue();
            ring.serveOne(0);
            ring.queue.armKicks();
            assertThat(ring.driver.availEvent()).isZero();
            ring.driver.chain().readable((byte) 1).offer();
            assertThat(ring.driver.wantsKick()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldFindAtArmingWhatCameBefore(boolean eventIdx) throws Exception {
        try (SplitRing ring = SplitRing.of(8, new RingFeatures(true, eventIdx))) {
            ring.queue.disarmKicks();
            ring.driver.chain().readable((byte) 1).offer();
            assertThat(ring.queue.armKicks()).as("no kick will come for it").isTrue();
            ring.serveOne(0);
            assertThat(ring.queue.armKicks()).isFalse();
        }
    }

    @Test
    void shouldLeaveTheEventFieldsAloneWithoutEventIdx() throws Exception {
        try (SplitRing ring = SplitRing.of(8, FLAGS)) {
            ring.roundTrip();
            ring.queue.disarmKicks();
            ring.queue.armKicks();
            ring.roundTrip();
            ring.queue.armKicks();
            assertThat(ring.driver.availEvent()).isZero();
        }
    }
}
