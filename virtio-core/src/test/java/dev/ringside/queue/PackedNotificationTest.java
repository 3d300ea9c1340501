package dev.ringside.queue;

import static dev.ringside.testing.PackedDriver.DESC;
import static dev.ringside.testing.PackedDriver.DISABLE;
import static dev.ringside.testing.PackedDriver.ENABLE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.PackedDriver;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who is notified when: driver and device event suppression (virtio 1.2 §2.8.10). */
class PackedNotificationTest {
    private static final RingFeatures FLAGS = new RingFeatures(true, false);
    private static final RingFeatures EVENT_IDX = new RingFeatures(true, true);
    private static final int RESERVED = 3;
    private static final int WRAP = 1 << 15;

    @Test
    void shouldNotCallForNothing() throws Exception {
        try (PackedRing ring = PackedRing.of(8, FLAGS)) {
            assertThat(ring.queue.publish()).isFalse();
            ring.roundTrip();
            assertThat(ring.queue.publish()).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldCallOnceAfterAStartWhateverTheDriverAskedFor(boolean eventIdx) throws Exception {
        try (PackedRing ring = PackedRing.of(8, new RingFeatures(true, eventIdx))) {
            ring.driver.disarmCalls();
            assertThat(ring.roundTrip()).isTrue();
            ring.driver.disarmCalls();
            assertThat(ring.roundTrip()).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldDoAsTheFlagsSay(boolean eventIdx) throws Exception {
        try (PackedRing ring = PackedRing.of(8, new RingFeatures(true, eventIdx))) {
            ring.roundTrip();
            ring.driver.driverEvent(DISABLE, 0);
            assertThat(ring.roundTrip()).isFalse();
            ring.driver.driverEvent(ENABLE, 0x7fff);
            assertThat(ring.roundTrip()).isTrue();
        }
    }

    /** What has no meaning must not cost the driver a call. */
    @Test
    void shouldCallForFlagsThatMeanNothing() throws Exception {
        try (PackedRing ring = PackedRing.of(8, EVENT_IDX)) {
            ring.roundTrip();
            ring.driver.driverEvent(RESERVED, 0);
            assertThat(ring.roundTrip()).isTrue();
            ring.driver.driverEvent(0xfffc | ENABLE, 0);
            assertThat(ring.roundTrip()).isTrue();
            ring.driver.driverEvent(0xfffc | DISABLE, 0);
            assertThat(ring.roundTrip()).isFalse();
        }
    }

    /** "Only valid if VIRTIO_F_RING_EVENT_IDX has been negotiated." */
    @Test
    void shouldWaitForNoPlaceWithoutEventIdx() throws Exception {
        try (PackedRing ring = PackedRing.of(8, FLAGS)) {
            ring.roundTrip();
            ring.driver.driverEvent(DESC, 7 | WRAP);
            assertThat(ring.roundTrip()).isTrue();
        }
    }

    /** One batch of used entries, from one place on; is the event's place among them? Places with their wrap counter. */
    @ParameterizedTest
    @CsvSource({
        "8, 0x8001, 1, 0x8001, true", // exactly
        "8, 0x8001, 1, 0x8000, false", // long ago
        "8, 0x8001, 1, 0x8002, false", // the one after
        "8, 0x8001, 1, 0x0001, false", // in the other lap
        "8, 0x8001, 4, 0x8001, true", // the first of a batch
        "8, 0x8001, 4, 0x8003, true",
        "8, 0x8001, 4, 0x8004, true", // the last of a batch
        "8, 0x8001, 4, 0x8005, false",
        "8, 0x8007, 1, 0x8007, true", // at the wrap
        "8, 0x8007, 1, 0x0000, false",
        "8, 0x8006, 4, 0x8007, true", // a batch across the wrap
        "8, 0x8006, 4, 0x0000, true",
        "8, 0x8006, 4, 0x0001, true",
        "8, 0x8006, 4, 0x0002, false",
        "8, 0x8006, 4, 0x8005, false",
        "8, 0x8006, 4, 0x8000, false", // as an index it is among them, but of the lap before
        "8, 0x8006, 4, 0x0007, false",
        "8, 0x0006, 4, 0x8001, true",
        "7, 0x8005, 3, 0x0000, true", // no power of two
        "7, 0x8005, 3, 0x8006, true",
        "7, 0x8005, 3, 0x0001, false",
        "4, 0x8002, 4, 0x0001, true", // a whole ring
        "4, 0x8002, 4, 0x8001, false",
        "1, 0x8000, 1, 0x8000, true",
        "1, 0x8000, 1, 0x0000, false",
        "32768, 0xfffe, 3, 0x0000, true",
        "32768, 0xfffe, 3, 0x8000, false",
    })
    void shouldCallWhenAPlaceIsPassed(int size, String from, int batch, String event, boolean called) throws Exception {
        int place = Integer.decode(from);
        int before = (place & 0x7fff) == 0 ? size - 1 | ((place & WRAP) ^ WRAP) : place - 1;
        try (PackedRing ring = PackedRing.startingAt(before, size, EVENT_IDX)) {
            ring.roundTrip(); // the call that always comes first
            ring.driver.driverEvent(DESC, Integer.decode(event));
            for (int i = 0; i < batch; i++) {
                ring.driver.chain().readableAt(FakeMemory.GUEST_ADDRESS, 1).offer();
                ring.queue.poll(ring.chain);
                ring.queue.push(ring.chain, 0);
            }
            assertThat(ring.queue.publish()).isEqualTo(called);
            assertThat(PackedDriver.needEvent(Integer.decode(event), ring.driver.place(), batch, size))
                    .isEqualTo(called);
        }
    }

    /** A driver may wait for a place in the middle of a chain: it is passed with the chain. */
    @Test
    void shouldCallForAPlaceWithinAChain() throws Exception {
        try (PackedRing ring = PackedRing.of(8, EVENT_IDX)) {
            ring.roundTrip();
            ring.driver.driverEvent(DESC, 3 | WRAP);
            assertThat(ring.roundTrip(5)).isTrue();
        }
    }

    @Test
    void shouldAskForNoKicks() throws Exception {
        for (RingFeatures features : new RingFeatures[] {FLAGS, EVENT_IDX}) {
            try (PackedRing ring = PackedRing.of(8, features)) {
                ring.queue.disarmKicks();
                ring.driver.chain().readable((byte) 1).offer();
                assertThat(ring.driver.wantsKick()).isFalse();
            }
        }
    }

    @Test
    void shouldAskForKicksByFlag() throws Exception {
        try (PackedRing ring = PackedRing.of(8, FLAGS)) {
            ring.queue.disarmKicks();
            assertThat(ring.queue.armKicks()).isFalse();
            assertThat(ring.driver.deviceEvent()).isEqualTo(ENABLE << 16);
            ring.driver.chain().readable((byte) 1).offer();
            assertThat(ring.driver.wantsKick()).isTrue();
        }
    }

    @Test
    void shouldAskForAKickAtTheNextChainByItsPlace() throws Exception {
        try (PackedRing ring = PackedRing.of(8, EVENT_IDX)) {
            ring.roundTrip(2);
            assertThat(ring.queue.armKicks()).isFalse();
            assertThat(ring.driver.deviceEvent()).isEqualTo(DESC << 16 | 2 | WRAP);

            ring.driver.chain().readable((byte) 1).readable((byte) 1).offer();
            assertThat(ring.driver.wantsKick()).isTrue();
            ring.driver.chain().readable((byte) 1).offer();
            assertThat(ring.driver.wantsKick()).as("one kick is enough").isFalse();
        }
    }

    @Test
    void shouldAskForAKickAcrossTheWrap() throws Exception {
        try (PackedRing ring = PackedRing.startingAt(7 | WRAP, 8, EVENT_IDX)) {
            ring.queue.armKicks();
            ring.driver.chain().readable((byte) 1).readable((byte) 1).offer();
            assertThat(ring.driver.wantsKick()).isTrue();
            ring.serveOne(0);
            ring.queue.armKicks();
            assertThat(ring.driver.deviceEvent()).isEqualTo(DESC << 16 | 1);
            ring.driver.chain().readable((byte) 1).offer();
            assertThat(ring.driver.wantsKick()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldFindAtArmingWhatCameBefore(boolean eventIdx) throws Exception {
        try (PackedRing ring = PackedRing.of(8, new RingFeatures(true, eventIdx))) {
            ring.queue.disarmKicks();
            ring.driver.chain().readable((byte) 1).offer();
            assertThat(ring.queue.armKicks()).as("no kick will come for it").isTrue();
            ring.serveOne(0);
            assertThat(ring.queue.armKicks()).isFalse();
        }
    }
}
