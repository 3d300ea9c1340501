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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a chain of a packed ring may be, up to the longest (virtio 1.2 §2.8.6, §2.8.7). */
class PackedChainTest {
    private static final RingFeatures FEATURES = new RingFeatures(true, true);
    private static final long BUFFER = FakeMemory.GUEST_ADDRESS;
    private static final int U16 = 0xffff;

    private static byte[] read(DescriptorChain chain) {
        byte[] bytes = new byte[(int) chain.readableBytes()];
        chain.read(0, MemorySegment.ofArray(bytes), 0, bytes.length);
        return bytes;
    }

    private static void shouldBeRejectedAs(Kind kind, PackedRing ring) {
        ChainFault fault = catchThrowableOfType(ChainFault.class, () -> ring.queue.poll(ring.chain));
        assertThat(fault).isNotNull();
        assertThat(fault.kind()).isEqualTo(kind);
    }

    @Test
    void shouldFollowAChainAcrossTheEndOfTheRing() throws Exception {
        try (PackedRing ring = PackedRing.startingAt(2, 4, FEATURES)) {
            ring.driver
                    .chain()
                    .readable((byte) 1)
                    .readable((byte) 2)
                    .readable((byte) 3)
                    .writable(4)
                    .offer();
            assertThat(ring.queue.poll(ring.chain)).isTrue();
            assertThat(read(ring.chain)).containsExactly(1, 2, 3);
            assertThat(ring.chain.writableBytes()).isEqualTo(4);
            assertThat(ring.chain.endsWritable()).isTrue();
            assertThat(ring.queue.isEmpty()).isTrue();
        }
    }

    @Test
    void shouldFollowAnIndirectTable() throws Exception {
        try (PackedRing ring = PackedRing.of(1)) {
            ring.driver
                    .chain()
                    .indirect()
                    .readable((byte) 1, (byte) 2)
                    .readable((byte) 3)
                    .writable(512)
                    .writable(1)
                    .offer();
            assertThat(ring.queue.poll(ring.chain)).isTrue();
            assertThat(read(ring.chain)).containsExactly(1, 2, 3);
            assertThat(ring.chain.writableBytes()).isEqualTo(513);
            assertThat(ring.chain.endsWritable()).isTrue();
        }
    }

    /** "Others are reserved and are ignored by the device", and so is the id (§2.8.7). */
    @Test
    void shouldIgnoreAllFlagsButWriteInAnIndirectTable() throws Exception {
        try (PackedRing ring = PackedRing.of(4)) {
            long address = ring.memory.allocate(32, 16);
            MemorySegment table = ring.memory.atUser(ring.memory.userAddress(address), 32);
            PackedDriver.descriptor(table, 0, BUFFER, 5, U16, U16 & ~WRITE);
            PackedDriver.descriptor(table, 1, BUFFER, 7, U16, U16);
            ring.driver.entry(address, 32, 3, INDIRECT | WRITE);
            ring.driver.publish();
            assertThat(ring.queue.poll(ring.chain)).isTrue();
            assertThat(ring.chain.head()).isEqualTo(3);
            assertThat(ring.chain.readableBytes()).isEqualTo(5);
            assertThat(ring.chain.writableBytes()).isEqualTo(7);
        }
    }

    @Test
    void shouldFollowATableThatStraddlesAdjacentRegions() throws Exception {
        long size = 1 << 20;
        FakeMemory memory = FakeMemory.of(size).region(BUFFER + size, FakeMemory.USER_ADDRESS + (1L << 40), size);
        try (PackedRing ring = PackedRing.in(memory, 4, FEATURES, PackedDriver.FIRST)) {
            long table = BUFFER + size - 23; // at an odd address, and across the seam
            byte[] three = new byte[48];
            for (int i = 0; i < 3; i++) {
                PackedDriver.descriptor(MemorySegment.ofArray(three), i, BUFFER + i, i + 1, 0, 0);
            }
            memory.put(table, three);
            ring.driver.entry(table, 48, 0, INDIRECT);
            ring.driver.publish();
            assertThat(ring.queue.poll(ring.chain)).isTrue();
            assertThat(ring.chain.readableBytes()).isEqualTo(1 + 2 + 3);
        }
    }

    @Test
    void shouldRejectIndirectWhenNotNegotiated() throws Exception {
        try (PackedRing ring = PackedRing.of(8, new RingFeatures(false, true))) {
            ring.driver.entry(BUFFER, 32, 0, INDIRECT);
            ring.driver.publish();
            shouldBeRejectedAs(Kind.INDIRECT_NOT_NEGOTIATED, ring);
        }
    }

    /** An id is the driver's own; it is handed back whatever it is, and however often it is in flight. */
    @ParameterizedTest
    @ValueSource(ints = {0, 7, 8, 0x7fff, 0x8000, U16})
    void shouldHandBackAnyId(int id) throws Exception {
        try (PackedRing ring = PackedRing.of(8)) {
            for (int i = 0; i < 3; i++) {
                ring.driver.entry(BUFFER, 16, id, WRITE);
            }
            ring.driver.publish();
            DescriptorChain[] taken = new DescriptorChain[3];
            for (int i = 0; i < 3; i++) {
                taken[i] = new DescriptorChain(i);
                assertThat(ring.queue.poll(taken[i])).isTrue();
            }
            for (int i = 0; i < 3; i++) {
                ring.queue.push(taken[i], i + 1);
            }
            ring.queue.publish();
            assertThat(ring.driver.takeUsed()).isEqualTo(new Used(id, 1));
            assertThat(ring.driver.takeUsed()).isEqualTo(new Used(id, 2));
            assertThat(ring.driver.takeUsed()).isEqualTo(new Used(id, 3));
        }
    }

    private static void offerDirect(PackedRing ring, int descriptors) {
        for (int i = 0; i < descriptors; i++) {
            ring.driver.entry(BUFFER + i, 1, 9, i == descriptors - 1 ? WRITE : NEXT | WRITE);
        }
        ring.driver.publish();
    }

    @Test
    void shouldTakeAChainOf1024Descriptors() throws Exception {
        try (PackedRing ring = PackedRing.startingAt(1500, 2048, FEATURES)) {
            offerDirect(ring, 1024);
            assertThat(ring.queue.poll(ring.chain)).isTrue();
            assertThat(ring.chain.writableBytes()).isEqualTo(1024);
            assertThat(ring.chain.endsWritable()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1025, 2048})
    void shouldRejectALongerChainAndGoOnBehindIt(int descriptors) throws Exception {
        try (PackedRing ring = PackedRing.startingAt(1500, 2048, FEATURES)) {
            offerDirect(ring, descriptors);
            shouldBeRejectedAs(Kind.TOO_LONG, ring);
            assertThat(ring.chain.endsWritable()).isFalse();
            assertThat(ring.chain.head()).isEqualTo(9);
            ring.queue.push(ring.chain, 0);
            ring.queue.publish();
            assertThat(ring.driver.takeUsed()).isEqualTo(new Used(9, 0));
            ring.driver.skipMoreUsed(descriptors - 1);
            ring.roundTrip(3);
        }
    }

    @Test
    void shouldTakeAnIndirectTableOf1024Descriptors() throws Exception {
        try (PackedRing ring = PackedRing.of(8)) {
            var chain = ring.driver.chain().indirect();
            for (int i = 0; i < 1024; i++) {
                chain.writableAt(BUFFER + i, 1);
            }
            chain.offer();
            assertThat(ring.queue.poll(ring.chain)).isTrue();
            assertThat(ring.chain.writableBytes()).isEqualTo(1024);
        }
    }
}
