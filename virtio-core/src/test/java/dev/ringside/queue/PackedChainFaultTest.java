package dev.ringside.queue;

import static dev.ringside.testing.PackedDriver.INDIRECT;
import static dev.ringside.testing.PackedDriver.NEXT;
import static dev.ringside.testing.PackedDriver.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ringside.fault.ChainFault;
import dev.ringside.fault.ChainFault.Kind;
import dev.ringside.testing.FakeDriver.Used;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.PackedDriver;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every rule that a chain of a packed ring can break (virtio 1.2 §2.8.5 to §2.8.7), each refused by name. The chain is
 * taken to its end and handed back by its id, and the ring goes on behind it.
 */
class PackedChainFaultTest {
    private static final int SIZE = 8;
    private static final int ID = 5;
    private static final long BUFFER = FakeMemory.GUEST_ADDRESS;
    private static final long OUTSIDE = 0x7000_0000_0000L;

    private PackedRing ring;
    private int entries;

    @BeforeEach
    void setUp() throws Exception {
        // So that all but the shortest chains wrap.
        ring = PackedRing.startingAt(SIZE - 1, SIZE, new RingFeatures(true, true));
    }

    /** The faulty chain is pushed, and a good one goes round behind it. */
    @AfterEach
    void shouldGoOnBehindTheChain() throws Exception {
        assertThat(ring.chain.head()).isEqualTo(ID);
        ring.queue.push(ring.chain, 0);
        ring.queue.publish();
        assertThat(ring.driver.takeUsed()).isEqualTo(new Used(ID, 0));
        ring.driver.skipMoreUsed(entries - 1);
        assertThat(ring.driver.place()).isEqualTo(ring.driver.usedPlace());
        assertThat(ring.driver.base()).isEqualTo(ring.queue.base());
        ring.roundTrip(3);
        ring.close();
    }

    private void entry(long address, long length, int flags) {
        ring.driver.entry(address, length, (flags & NEXT) != 0 ? 0xbeef : ID, flags);
        entries++;
    }

    private void shouldBeRejectedAs(Kind kind) {
        ring.driver.publish();
        ChainFault fault = catchThrowableOfType(ChainFault.class, () -> ring.queue.poll(ring.chain));
        assertThat(fault).isNotNull();
        assertThat(fault.kind()).isEqualTo(kind);
        assertThat(fault).hasMessageStartingWith(kind.name() + ": ");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, WRITE})
    void shouldRejectAZeroLengthDescriptor(int flags) {
        entry(BUFFER, 0, flags);
        shouldBeRejectedAs(Kind.ZERO_LENGTH);
        assertThat(ring.chain.endsWritable()).isFalse();
    }

    @Test
    void shouldFindTheStatusBehindAZeroLengthDescriptor() {
        entry(BUFFER, 16, NEXT);
        entry(BUFFER, 0, NEXT | WRITE);
        entry(BUFFER + 100, 1, WRITE);
        shouldBeRejectedAs(Kind.ZERO_LENGTH);
        shouldHaveItsLastByteAt(BUFFER + 100);
    }

    @Test
    void shouldRejectABufferOutsideMemory() {
        entry(OUTSIDE, 16, WRITE);
        shouldBeRejectedAs(Kind.OUTSIDE_MEMORY);
        assertThat(ring.chain.endsWritable()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, -16, Long.MIN_VALUE, Long.MAX_VALUE, Long.MAX_VALUE - 15, 0xffff_ffff_0000_0000L})
    void shouldRejectAnAddressThatWouldOverflow(long address) {
        entry(address, 0xffff_ffffL, 0);
        shouldBeRejectedAs(Kind.OUTSIDE_MEMORY);
    }

    @Test
    void shouldRejectReadableAfterWritable() {
        entry(BUFFER, 16, NEXT | WRITE);
        entry(BUFFER + 16, 16, 0);
        shouldBeRejectedAs(Kind.READABLE_AFTER_WRITABLE);
        assertThat(ring.chain.endsWritable()).isFalse();
    }

    @Test
    void shouldFindTheStatusBehindReadableAfterWritable() {
        entry(BUFFER, 16, NEXT | WRITE);
        entry(BUFFER + 16, 16, NEXT);
        entry(BUFFER + 64, 1, WRITE);
        shouldBeRejectedAs(Kind.READABLE_AFTER_WRITABLE);
        shouldHaveItsLastByteAt(BUFFER + 64);
    }

    @Test
    void shouldRejectIndirectInTheMiddleOfAChain() {
        entry(BUFFER, 16, NEXT);
        entry(BUFFER, 32, INDIRECT | NEXT);
        entry(BUFFER + 64, 1, WRITE);
        shouldBeRejectedAs(Kind.INDIRECT_WITH_NEXT);
        shouldHaveItsLastByteAt(BUFFER + 64);
    }

    @Test
    void shouldRejectIndirectAtTheBeginningOfAChain() {
        entry(BUFFER, 32, INDIRECT | NEXT);
        entry(BUFFER, 16, 0);
        shouldBeRejectedAs(Kind.INDIRECT_WITH_NEXT);
    }

    @Test
    void shouldRejectIndirectAtTheEndOfAChain() {
        entry(BUFFER, 16, NEXT);
        entry(BUFFER, 32, INDIRECT);
        shouldBeRejectedAs(Kind.INDIRECT_WITH_NEXT);
        assertThat(ring.chain.endsWritable()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 15, 17, 1024 * 16 + 1, 1025 * 16, 0xffff_fff0L})
    void shouldRejectAnIndirectTableOfWrongLength(long length) {
        entry(BUFFER, length, INDIRECT);
        shouldBeRejectedAs(Kind.INDIRECT_LENGTH);
    }

    @Test
    void shouldRejectAnIndirectTableOutsideMemory() {
        entry(OUTSIDE, 32, INDIRECT);
        shouldBeRejectedAs(Kind.OUTSIDE_MEMORY);
    }

    @Test
    void shouldRejectAnIndirectTableThatReachesBeyondMemory() {
        long end = BUFFER + ring.memory.regions().get(0).mapping().size();
        entry(end - 16, 32, INDIRECT);
        shouldBeRejectedAs(Kind.OUTSIDE_MEMORY);
    }

    @Test
    void shouldFindTheStatusBehindAFaultInAnIndirectTable() {
        MemorySegment table = indirectTable(3);
        PackedDriver.descriptor(table, 0, BUFFER, 16, 0, 0);
        PackedDriver.descriptor(table, 1, OUTSIDE, 512, 0, WRITE);
        PackedDriver.descriptor(table, 2, BUFFER + 64, 1, 0, WRITE);
        shouldBeRejectedAs(Kind.OUTSIDE_MEMORY);
        shouldHaveItsLastByteAt(BUFFER + 64);
    }

    @Test
    void shouldNameTheFirstOfSeveralFaults() {
        entry(BUFFER, 0, NEXT);
        entry(OUTSIDE, 16, NEXT | WRITE);
        entry(BUFFER, 32, NEXT | INDIRECT);
        entry(BUFFER, 16, 0);
        shouldBeRejectedAs(Kind.ZERO_LENGTH);
    }

    private MemorySegment indirectTable(int descriptors) {
        long address = ring.memory.allocate(descriptors * 16L, 16);
        entry(address, descriptors * 16L, INDIRECT);
        return ring.memory.atUser(ring.memory.userAddress(address), descriptors * 16L);
    }

    private void shouldHaveItsLastByteAt(long address) {
        assertThat(ring.chain.endsWritable()).isTrue();
        ring.memory.put(address, (byte) 0);
        ring.chain.writeLast(0x5a);
        assertThat(ring.memory.get(address, 1)).containsExactly(0x5a);
    }
}
