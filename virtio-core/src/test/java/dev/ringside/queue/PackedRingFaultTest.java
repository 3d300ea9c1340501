package dev.ringside.queue;

import static dev.ringside.testing.PackedDriver.NEXT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ringside.fault.RingFault;
import dev.ringside.fault.RingFault.Kind;
import dev.ringside.memory.GuestMemory;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.PackedDriver;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Packed rings that cannot be trusted, each refused by name. */
class PackedRingFaultTest {
    private static final int SIZE = 8;
    private static final int BASE = PackedVirtqueue.INITIAL_BASE;
    private static final RingFeatures FEATURES = new RingFeatures(true, true);
    private static final long MEMORY_BYTES = 0x10000;
    private static final long BUFFER = FakeMemory.GUEST_ADDRESS;

    private static void shouldBeRejectedAs(Kind kind, ThrowingCallable call) {
        RingFault fault = catchThrowableOfType(RingFault.class, call);
        assertThat(fault).isNotNull();
        assertThat(fault.kind()).isEqualTo(kind);
        assertThat(fault).hasMessageStartingWith(kind.name() + ": ");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 32769, 65535, 65536, -1, Integer.MIN_VALUE})
    void shouldRejectASizeBeyond32768(int size) {
        shouldBeRejectedAs(Kind.SIZE, () -> PackedVirtqueue.checkSize(size));
        shouldBeRejectedAs(
                Kind.SIZE,
                () -> new PackedVirtqueue(size, BASE, new VringAddress(0, 0, 0), FEATURES, GuestMemory.EMPTY));
    }

    /** Offsets of the three parts within the first region. */
    private static PackedVirtqueue queueAt(long desc, long driver, long device) throws RingFault {
        try (FakeMemory memory = FakeMemory.of(MEMORY_BYTES)) {
            long base = FakeMemory.USER_ADDRESS;
            VringAddress address = new VringAddress(base + desc, base + driver, base + device);
            return new PackedVirtqueue(SIZE, BASE, address, FEATURES, memory.memory());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0x1008, 0x2000, 0x3000", // descriptor ring to 16
        "0x1001, 0x2000, 0x3000",
        "0x1000, 0x2002, 0x3000", // driver area to 4
        "0x1000, 0x2000, 0x3002", // device area to 4
        "0x1000, 0x2000, 0x3001",
    })
    void shouldRejectAMisalignedPart(String desc, String driver, String device) {
        shouldBeRejectedAs(Kind.MISALIGNED, () -> queueAt(Long.decode(desc), Long.decode(driver), Long.decode(device)));
    }

    @Test
    void shouldTakePartsUpToTheLastByteOfMemory() throws Exception {
        assertThat(queueAt(MEMORY_BYTES - 128, 4, 0).size()).isEqualTo(SIZE);
        assertThat(queueAt(0x1010, MEMORY_BYTES - 4, 0).size()).isEqualTo(SIZE);
        assertThat(queueAt(0x1010, 0, MEMORY_BYTES - 4).size()).isEqualTo(SIZE);
    }

    @ParameterizedTest
    @CsvSource({"-112, 0, 4", "0x10000, 0, 4", "0, 0x10000, 4", "0, 4, 0x10000", "-0x100000, 0, 4"})
    void shouldRejectAPartOutsideMemory(String desc, String driver, String device) {
        long inDesc = Long.decode(desc) < 0 ? MEMORY_BYTES + Long.decode(desc) : Long.decode(desc);
        shouldBeRejectedAs(Kind.OUTSIDE_MEMORY, () -> queueAt(inDesc, Long.decode(driver), Long.decode(device)));
    }

    /** A place beyond the ring, on either side, or one that the other side is not at most a ring behind. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "0x80088008",
                "0x80008008",
                "0x80088000",
                "0xffffffff",
                "0x7fff8000", // beyond the ring
                "0x80018000", // used is ahead of avail
                "0x80000001", // more than a ring behind
                "0x00018002"
            })
    void shouldRejectABaseThatTheRingDoesNotHave(String base) throws Exception {
        try (PackedRing ring = PackedRing.of(SIZE)) {
            shouldBeRejectedAs(
                    Kind.BASE,
                    () -> new PackedVirtqueue(
                            SIZE,
                            Integer.parseUnsignedInt(base.substring(2), 16),
                            ring.driver.address(),
                            FEATURES,
                            ring.memory.memory()));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, SIZE})
    void shouldRejectAChainThatNeverEnds(int size) throws Exception {
        try (PackedRing ring = PackedRing.startingAt(size / 2, size, FEATURES)) {
            for (int i = 0; i < size; i++) {
                ring.driver.entry(BUFFER, 16, 0, NEXT);
            }
            ring.driver.publish();
            shouldBeRejectedAs(Kind.CHAIN_WITHOUT_END, () -> ring.queue.poll(ring.chain));
        }
    }

    /** A chain may not reach into the entries of those that the driver has not got back. */
    @Test
    void shouldRejectAChainThatReachesIntoOthersInFlight() throws Exception {
        try (PackedRing ring = PackedRing.of(SIZE)) {
            ring.driver.chain().readable((byte) 1).readable((byte) 2).offer();
            ring.queue.poll(new DescriptorChain(0));
            for (int i = 0; i < SIZE - 1; i++) {
                ring.driver.entry(BUFFER, 16, 0, i == SIZE - 2 ? 0 : NEXT);
            }
            ring.driver.publish();
            shouldBeRejectedAs(Kind.CHAIN_WITHOUT_END, () -> ring.queue.poll(ring.chain));
        }
    }

    @Test
    void shouldRejectMoreThanTheRingHolds() throws Exception {
        try (PackedRing ring = PackedRing.of(SIZE)) {
            for (int i = 0; i < SIZE; i++) {
                ring.driver.entry(BUFFER, 16, i, 0);
                ring.driver.publish();
                assertThat(ring.queue.poll(new DescriptorChain(i))).isTrue();
            }
            assertThat(ring.queue.poll(ring.chain)).isFalse();
            ring.driver.entry(BUFFER, 16, 0, 0); // over one that is in flight
            ring.driver.publish();
            shouldBeRejectedAs(Kind.TOO_MANY_IN_FLIGHT, () -> ring.queue.poll(ring.chain));
        }
    }

    /** What is pushed is the driver's only when it is published. */
    @Test
    void shouldRejectMoreThanTheRingHoldsBeforeItIsPublished() throws Exception {
        try (PackedRing ring = PackedRing.of(1)) {
            ring.driver.entry(BUFFER, 16, 0, 0);
            ring.driver.publish();
            ring.queue.poll(ring.chain);
            ring.queue.push(ring.chain, 0);
            ring.driver.entry(BUFFER, 16, 0, 0);
            ring.driver.publish();
            shouldBeRejectedAs(Kind.TOO_MANY_IN_FLIGHT, () -> ring.queue.poll(ring.chain));
        }
    }

    @Test
    void shouldRejectAnotherGenerationWithoutTheRing() throws Exception {
        try (PackedRing ring = PackedRing.of(SIZE);
                FakeMemory elsewhere = new FakeMemory().region(0, 0x1000, MEMORY_BYTES)) {
            shouldBeRejectedAs(Kind.OUTSIDE_MEMORY, () -> ring.queue.rebind(elsewhere.memory()));
        }
    }

    /** A chain whose end was never seen cannot be given back: the driver would take another's place for it. */
    @Test
    void shouldGiveNothingBackForAChainWithoutEnd() throws Exception {
        try (PackedRing ring = PackedRing.of(2)) {
            ring.driver.entry(BUFFER, 16, 0, NEXT);
            ring.driver.entry(BUFFER, 16, 0, NEXT);
            ring.driver.publish();
            int base = ring.queue.base();
            shouldBeRejectedAs(Kind.CHAIN_WITHOUT_END, () -> ring.queue.poll(ring.chain));
            ring.queue.push(ring.chain, 0);
            assertThat(ring.queue.publish()).isFalse();
            assertThat(ring.driver.takeUsed()).isNull();
            assertThat(ring.queue.base()).isEqualTo(base).isEqualTo(PackedDriver.FIRST << 16 | PackedDriver.FIRST);
        }
    }
}
