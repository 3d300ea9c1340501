package dev.ringside.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ringside.fault.RingFault;
import dev.ringside.fault.RingFault.Kind;
import dev.ringside.memory.GuestMemory;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.SplitDriver;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rings that cannot be trusted, each refused by name. Those that need a device at work are tested with it. */
class RingFaultTest {
    private static final int SIZE = 8;
    private static final RingFeatures FLAGS = new RingFeatures(false, false);
    private static final RingFeatures EVENT_IDX = new RingFeatures(false, true);
    private static final long MEMORY_BYTES = 0x10000;
    private static final long END = FakeMemory.USER_ADDRESS + MEMORY_BYTES;

    private static void shouldBeRejectedAs(Kind kind, ThrowingCallable call) {
        RingFault fault = catchThrowableOfType(RingFault.class, call);
        assertThat(fault).isNotNull();
        assertThat(fault.kind()).isEqualTo(kind);
        assertThat(fault).hasMessageStartingWith(kind.name() + ": ");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 5, 6, 255, 257, 32767, 32769, 65535, 65536, -1, Integer.MIN_VALUE})
    void shouldRejectASizeThatIsNoPowerOfTwoUpTo32768(int size) {
        shouldBeRejectedAs(Kind.SIZE, () -> SplitVirtqueue.checkSize(size));
        shouldBeRejectedAs(
                Kind.SIZE, () -> new SplitVirtqueue(size, 0, new VringAddress(0, 0, 0), FLAGS, GuestMemory.EMPTY));
    }

    /** Offsets of the three parts within the first region. */
    private static SplitVirtqueue queueAt(long desc, long avail, long used, RingFeatures features) throws RingFault {
        try (FakeMemory memory = FakeMemory.of(MEMORY_BYTES)) {
            long base = FakeMemory.USER_ADDRESS;
            VringAddress address = new VringAddress(base + desc, base + avail, base + used);
            return new SplitVirtqueue(SIZE, 0, address, features, memory.memory());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0x1008, 0x2000, 0x3000", // descriptor table to 16
        "0x1001, 0x2000, 0x3000",
        "0x1000, 0x2001, 0x3000", // avail ring to 2
        "0x1000, 0x2000, 0x3002", // used ring to 4
        "0x1000, 0x2000, 0x3001",
    })
    void shouldRejectAMisalignedPart(String desc, String avail, String used) {
        shouldBeRejectedAs(
                Kind.MISALIGNED, () -> queueAt(Long.decode(desc), Long.decode(avail), Long.decode(used), FLAGS));
    }

    @Test
    void shouldTakePartsThatAreAlignedNoMoreThanTheyMustBe() throws Exception {
        assertThat(queueAt(0x1010, 0x2002, 0x3004, EVENT_IDX).size()).isEqualTo(SIZE);
    }

    @Test
    void shouldRejectPartsMisalignedByTheirRegion() {
        try (FakeMemory memory = new FakeMemory().region(0, FakeMemory.USER_ADDRESS, MEMORY_BYTES, 2)) {
            long base = FakeMemory.USER_ADDRESS;
            shouldBeRejectedAs(
                    Kind.MISALIGNED,
                    () -> new SplitVirtqueue(
                            SIZE, 0, new VringAddress(base, base + 0x2000, base + 0x3000), FLAGS, memory.memory()));
        }
    }

    /** The parts of a ring of 8 take 128, 20 and 68 bytes; each ends one byte too late in turn. */
    @ParameterizedTest
    @CsvSource({
        "-112, -0x2000, -0x3000",
        "-0x1000, -18, -0x3000",
        "-0x1000, -0x2000, -64",
    })
    void shouldRejectAPartThatReachesBeyondMemory(String desc, String avail, String used) {
        shouldBeRejectedAs(
                Kind.OUTSIDE_MEMORY,
                () -> queueAt(
                        MEMORY_BYTES + Long.decode(desc),
                        MEMORY_BYTES + Long.decode(avail),
                        MEMORY_BYTES + Long.decode(used),
                        FLAGS));
    }

    @Test
    void shouldTakePartsUpToTheLastByteOfMemory() throws Exception {
        assertThat(queueAt(MEMORY_BYTES - 128, 0, 0x1000, FLAGS).size()).isEqualTo(SIZE);
        assertThat(queueAt(0, MEMORY_BYTES - 20, 0x1000, FLAGS).size()).isEqualTo(SIZE);
        assertThat(queueAt(0, 0x1000, MEMORY_BYTES - 68, FLAGS).size()).isEqualTo(SIZE);
    }

    @Test
    void shouldWantRoomForTheEventFieldsOnlyWithEventIdx() throws Exception {
        shouldBeRejectedAs(Kind.OUTSIDE_MEMORY, () -> queueAt(0, MEMORY_BYTES - 20, 0x1000, EVENT_IDX));
        shouldBeRejectedAs(Kind.OUTSIDE_MEMORY, () -> queueAt(0, 0x1000, MEMORY_BYTES - 68, EVENT_IDX));
        assertThat(queueAt(0, MEMORY_BYTES - 22, 0x1000, EVENT_IDX).size()).isEqualTo(SIZE);
        assertThat(queueAt(0, 0x1000, MEMORY_BYTES - 72, EVENT_IDX).size()).isEqualTo(SIZE);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 0x1000, END, -16, Long.MIN_VALUE, Long.MAX_VALUE - 15})
    void shouldRejectAPartOutsideMemory(long address) {
        try (FakeMemory memory = FakeMemory.of(MEMORY_BYTES)) {
            long inside = FakeMemory.USER_ADDRESS;
            for (VringAddress rings : new VringAddress[] {
                new VringAddress(address, inside, inside + 0x1000),
                new VringAddress(inside, address, inside + 0x1000),
                new VringAddress(inside, inside + 0x1000, address)
            }) {
                shouldBeRejectedAs(
                        Kind.OUTSIDE_MEMORY, () -> new SplitVirtqueue(SIZE, 0, rings, FLAGS, memory.memory()));
            }
        }
    }

    @Test
    void shouldTakeRingsByUserAddressNotByGuestAddress() {
        try (FakeMemory memory = FakeMemory.of(MEMORY_BYTES)) {
            long guest = FakeMemory.GUEST_ADDRESS;
            VringAddress rings = new VringAddress(guest, guest + 0x1000, guest + 0x2000);
            shouldBeRejectedAs(Kind.OUTSIDE_MEMORY, () -> new SplitVirtqueue(SIZE, 0, rings, FLAGS, memory.memory()));
        }
    }

    @Test
    void shouldRejectAnythingWithoutMemory() {
        shouldBeRejectedAs(
                Kind.OUTSIDE_MEMORY,
                () -> new SplitVirtqueue(SIZE, 0, new VringAddress(0x1000, 0x2000, 0x3000), FLAGS, GuestMemory.EMPTY));
    }

    @ParameterizedTest
    @ValueSource(ints = {SIZE + 1, SIZE + 2, 0x7fff, 0x8000, 0xffff})
    void shouldRejectAnAvailIdxThatJumps(int availIdx) throws Exception {
        try (SplitRing ring = SplitRing.of(SIZE)) {
            ring.driver.availIdx(availIdx);
            shouldBeRejectedAs(Kind.AVAIL_INDEX_JUMP, () -> ring.queue.poll(ring.chain));
            shouldBeRejectedAs(Kind.AVAIL_INDEX_JUMP, () -> ring.queue.isEmpty());
            shouldBeRejectedAs(Kind.AVAIL_INDEX_JUMP, () -> ring.queue.armKicks());
        }
    }

    @Test
    void shouldTakeAnAvailIdxThatIsAFullQueueAhead() throws Exception {
        try (SplitRing ring = SplitRing.of(SIZE)) {
            ring.driver.availIdx(SIZE);
            assertThat(ring.queue.isEmpty()).isFalse();
        }
    }

    @Test
    void shouldRejectAnAvailIdxThatGoesBack() throws Exception {
        try (SplitRing ring = SplitRing.of(SIZE)) {
            ring.roundTrip();
            ring.driver.availIdx(0);
            shouldBeRejectedAs(Kind.AVAIL_INDEX_JUMP, () -> ring.queue.poll(ring.chain));
        }
    }

    @Test
    void shouldRejectAJumpOfTheLargestQueue() throws Exception {
        try (SplitRing ring = SplitRing.of(32768)) {
            ring.driver.availIdx(32769);
            shouldBeRejectedAs(Kind.AVAIL_INDEX_JUMP, () -> ring.queue.poll(ring.chain));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {SIZE, SIZE + 1, 0x7fff, 0xffff})
    void shouldRejectAHeadBeyondTheTable(int head) throws Exception {
        try (SplitRing ring = SplitRing.of(SIZE)) {
            ring.driver.offerHead(head);
            shouldBeRejectedAs(Kind.HEAD_OUT_OF_RANGE, () -> ring.queue.poll(ring.chain));
        }
    }

    @Test
    void shouldRejectAnotherGenerationWithoutTheRings() throws Exception {
        try (SplitRing ring = SplitRing.of(SIZE);
                FakeMemory elsewhere = new FakeMemory().region(0, 0x1000, MEMORY_BYTES)) {
            shouldBeRejectedAs(Kind.OUTSIDE_MEMORY, () -> ring.queue.rebind(elsewhere.memory()));
        }
    }

    /** Found by fuzzing: the record of requests in flight has no place for more of them than there are descriptors. */
    @Test
    void shouldRejectMoreChainsThanTheDriverHasGotBack() throws Exception {
        try (FakeMemory memory = FakeMemory.of(MEMORY_BYTES);
                Arena arena = Arena.ofConfined()) {
            SplitDriver driver = new SplitDriver(memory, SIZE, false);
            MemorySegment record = arena.allocate(SplitVirtqueue.inflightBytes(SIZE), 64);
            SplitVirtqueue queue = new SplitVirtqueue(SIZE, 0, driver.address(), FLAGS, memory.memory(), record);
            DescriptorChain chain = new DescriptorChain(0);
            for (int i = 0; i < SIZE; i++) {
                driver.chain().readableAt(FakeMemory.GUEST_ADDRESS, 8).offer();
                assertThat(queue.poll(chain)).isTrue();
                queue.push(chain, 0);
            }
            // Nothing has been published, so no descriptor is the driver's to use again.
            memory.put(
                    FakeMemory.GUEST_ADDRESS
                            + (driver.address().avail() - FakeMemory.USER_ADDRESS)
                            + SplitVirtqueue.AVAIL_IDX,
                    (byte) (SIZE + 1),
                    (byte) 0);
            shouldBeRejectedAs(Kind.TOO_MANY_IN_FLIGHT, () -> queue.poll(chain));
            assertThat(queue.publish()).isTrue();
            assertThat(queue.poll(chain)).isTrue();
        }
    }
}
