package dev.ringside.queue;

import static dev.ringside.testing.SplitDriver.INDIRECT;
import static dev.ringside.testing.SplitDriver.NEXT;
import static dev.ringside.testing.SplitDriver.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ringside.fault.ChainFault;
import dev.ringside.fault.ChainFault.Kind;
import dev.ringside.testing.FakeDriver.Used;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.SplitDriver;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every rule that a chain can break (virtio 1.2 §2.7.4, §2.7.5), each refused by name. However broken the chain, its
 * head is known, it is taken from the ring, and the ring goes on with the next.
 */
class ChainFaultTest {
    private static final int SIZE = 8;
    private static final long BUFFER = FakeMemory.GUEST_ADDRESS;
    private static final long OUTSIDE = 0x7000_0000_0000L;

    private SplitRing ring;

    @BeforeEach
    void setUp() throws Exception {
        ring = SplitRing.of(SIZE);
    }

    /** The faulty chain is pushed, and a good one goes round behind it. */
    @AfterEach
    void shouldGoOnWithTheNextChain() throws Exception {
        assertThat(ring.chain.head()).isZero();
        ring.queue.push(ring.chain, 0);
        ring.queue.publish();
        assertThat(ring.driver.takeUsed()).isEqualTo(new Used(0, 0));
        ring.driver.descriptor(0, BUFFER, 1, WRITE, 0);
        ring.driver.offerHead(0);
        assertThat(ring.queue.poll(ring.chain)).isTrue();
        assertThat(ring.chain.writableBytes()).isEqualTo(1);
        assertThat(ring.chain.endsWritable()).isTrue();
        ring.close();
    }

    private void offerHeadZero() {
        ring.driver.offerHead(0);
    }

    private void shouldBeRejectedAs(Kind kind) {
        ChainFault fault = catchThrowableOfType(ChainFault.class, () -> ring.queue.poll(ring.chain));
        assertThat(fault).isNotNull();
        assertThat(fault.kind()).isEqualTo(kind);
        assertThat(fault).hasMessageStartingWith(kind.name() + ": ");
    }

    @Test
    void shouldRejectANextBeyondTheTable() {
        ring.driver.descriptor(0, BUFFER, 16, NEXT, SIZE);
        offerHeadZero();
        shouldBeRejectedAs(Kind.DESCRIPTOR_OUT_OF_RANGE);
        assertThat(ring.chain.endsWritable()).isFalse();
    }

    @Test
    void shouldRejectTheLargestNext() {
        ring.driver.descriptor(0, BUFFER, 16, NEXT | WRITE, 0xffff);
        offerHeadZero();
        shouldBeRejectedAs(Kind.DESCRIPTOR_OUT_OF_RANGE);
        assertThat(ring.chain.endsWritable()).isFalse();
    }

    @Test
    void shouldRejectADescriptorThatIsItsOwnNext() {
        ring.driver.descriptor(0, BUFFER, 16, NEXT, 0);
        offerHeadZero();
        shouldBeRejectedAs(Kind.LOOP);
        assertThat(ring.chain.endsWritable()).isFalse();
    }

    @Test
    void shouldRejectALoopOverTheWholeTable() {
        for (int i = 0; i < SIZE; i++) {
            ring.driver.descriptor(i, BUFFER, 16, NEXT | WRITE, (i + 1) % SIZE);
        }
        offerHeadZero();
        shouldBeRejectedAs(Kind.LOOP);
    }

    @Test
    void shouldAcceptAChainOfTheWholeTable() throws Exception {
        for (int i = 0; i < SIZE; i++) {
            ring.driver.descriptor(i, BUFFER, 16, i == SIZE - 1 ? WRITE : NEXT | WRITE, i + 1);
        }
        offerHeadZero();
        assertThat(ring.queue.poll(ring.chain)).isTrue();
        assertThat(ring.chain.writableBytes()).isEqualTo(SIZE * 16);
    }

    @Test
    void shouldRejectALoopInAnIndirectTable() {
        MemorySegment table = indirectTable(3, 3 * 16);
        link(table, 0, NEXT, 1);
        link(table, 1, NEXT, 0);
        offerHeadZero();
        shouldBeRejectedAs(Kind.LOOP);
    }

    @Test
    void shouldRejectANextBeyondAnIndirectTable() {
        MemorySegment table = indirectTable(4, 2 * 16);
        link(table, 0, NEXT, 1);
        link(table, 1, NEXT, 2);
        offerHeadZero();
        shouldBeRejectedAs(Kind.DESCRIPTOR_OUT_OF_RANGE);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, WRITE})
    void shouldRejectAZeroLengthDescriptor(int flags) {
        ring.driver.descriptor(0, BUFFER, 0, flags, 0);
        offerHeadZero();
        shouldBeRejectedAs(Kind.ZERO_LENGTH);
        assertThat(ring.chain.endsWritable()).isFalse();
    }

    @Test
    void shouldFindTheStatusBehindAZeroLengthDescriptor() {
        ring.driver.descriptor(0, BUFFER, 16, NEXT, 1);
        ring.driver.descriptor(1, BUFFER, 0, NEXT | WRITE, 2);
        ring.driver.descriptor(2, BUFFER + 100, 1, WRITE, 0);
        offerHeadZero();
        shouldBeRejectedAs(Kind.ZERO_LENGTH);
        shouldHaveItsLastByteAt(BUFFER + 100);
    }

    @Test
    void shouldRejectABufferOutsideMemory() {
        ring.driver.descriptor(0, OUTSIDE, 16, WRITE, 0);
        offerHeadZero();
        shouldBeRejectedAs(Kind.OUTSIDE_MEMORY);
        assertThat(ring.chain.endsWritable()).isFalse();
    }

    @Test
    void shouldRejectABufferThatReachesBeyondMemory() {
        long end = BUFFER + ring.memory.regions().get(0).mapping().size();
        ring.driver.descriptor(0, end - 15, 16, WRITE, 0);
        offerHeadZero();
        shouldBeRejectedAs(Kind.OUTSIDE_MEMORY);
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, -16, Long.MIN_VALUE, Long.MAX_VALUE, Long.MAX_VALUE - 15, 0xffff_ffff_0000_0000L})
    void shouldRejectAnAddressThatWouldOverflow(long address) {
        ring.driver.descriptor(0, address, 0xffff_ffffL, 0, 0);
        offerHeadZero();
        shouldBeRejectedAs(Kind.OUTSIDE_MEMORY);
    }

    @Test
    void shouldFindTheStatusBehindABufferOutsideMemory() {
        ring.driver.descriptor(0, OUTSIDE, 512, NEXT | WRITE, 1);
        ring.driver.descriptor(1, BUFFER + 7, 1, WRITE, 0);
        offerHeadZero();
        shouldBeRejectedAs(Kind.OUTSIDE_MEMORY);
        shouldHaveItsLastByteAt(BUFFER + 7);
    }

    @Test
    void shouldRejectReadableAfterWritable() {
        ring.driver.descriptor(0, BUFFER, 16, NEXT | WRITE, 1);
        ring.driver.descriptor(1, BUFFER + 16, 16, 0, 0);
        offerHeadZero();
        shouldBeRejectedAs(Kind.READABLE_AFTER_WRITABLE);
        assertThat(ring.chain.endsWritable()).isFalse();
    }

    @Test
    void shouldFindTheStatusBehindReadableAfterWritable() {
        ring.driver.descriptor(0, BUFFER, 16, NEXT | WRITE, 1);
        ring.driver.descriptor(1, BUFFER + 16, 16, NEXT, 2);
        ring.driver.descriptor(2, BUFFER + 64, 1, WRITE, 0);
        offerHeadZero();
        shouldBeRejectedAs(Kind.READABLE_AFTER_WRITABLE);
        shouldHaveItsLastByteAt(BUFFER + 64);
    }

    @Test
    void shouldRejectNestedIndirect() {
        MemorySegment table = indirectTable(2, 2 * 16);
        SplitDriver.descriptor(table, 0, BUFFER, 32, INDIRECT, 0);
        offerHeadZero();
        shouldBeRejectedAs(Kind.NESTED_INDIRECT);
    }

    @Test
    void shouldRejectIndirectWithNext() {
        ring.driver.descriptor(0, BUFFER, 32, INDIRECT | NEXT, 1);
        offerHeadZero();
        shouldBeRejectedAs(Kind.INDIRECT_WITH_NEXT);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 15, 17, 1024 * 16 + 1, 1025 * 16, 0xffff_fff0L})
    void shouldRejectAnIndirectTableOfWrongLength(long length) {
        ring.driver.descriptor(0, BUFFER, length, INDIRECT, 0);
        offerHeadZero();
        shouldBeRejectedAs(Kind.INDIRECT_LENGTH);
    }

    @Test
    void shouldRejectAnIndirectTableOutsideMemory() {
        ring.driver.descriptor(0, OUTSIDE, 32, INDIRECT, 0);
        offerHeadZero();
        shouldBeRejectedAs(Kind.OUTSIDE_MEMORY);
    }

    @Test
    void shouldRejectAnIndirectTableThatReachesBeyondMemory() {
        long end = BUFFER + ring.memory.regions().get(0).mapping().size();
        ring.driver.descriptor(0, end - 16, 32, INDIRECT, 0);
        offerHeadZero();
        shouldBeRejectedAs(Kind.OUTSIDE_MEMORY);
    }

    @Test
    void shouldNameTheFirstOfSeveralFaults() {
        ring.driver.descriptor(0, BUFFER, 0, NEXT, 1);
        ring.driver.descriptor(1, OUTSIDE, 16, NEXT | WRITE, 2);
        ring.driver.descriptor(2, BUFFER, 16, 0, 0);
        offerHeadZero();
        shouldBeRejectedAs(Kind.ZERO_LENGTH);
    }

    private MemorySegment indirectTable(int entries, long length) {
        long address = ring.memory.allocate(entries * 16L, 16);
        ring.driver.descriptor(0, address, length, INDIRECT, 0);
        return ring.memory.atUser(ring.memory.userAddress(address), entries * 16L);
    }

    private static void link(MemorySegment table, int index, int flags, int next) {
        SplitDriver.descriptor(table, index, BUFFER, 16, flags, next);
    }

    private void shouldHaveItsLastByteAt(long address) {
        assertThat(ring.chain.endsWritable()).isTrue();
        ring.memory.put(address, (byte) 0);
        ring.chain.writeLast(0x5a);
        assertThat(ring.memory.get(address, 1)).containsExactly(0x5a);
    }
}
