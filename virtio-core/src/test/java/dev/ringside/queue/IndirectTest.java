package dev.ringside.queue;

import static dev.ringside.testing.SplitDriver.INDIRECT;
import static dev.ringside.testing.SplitDriver.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.memory.GuestAccess;
import dev.ringside.testing.FakeMemory;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** Indirect descriptors (virtio 1.2 §2.7.5.3). */
class IndirectTest {
    private static final RingFeatures FEATURES = new RingFeatures(true, true);
    private static final long BUFFER = FakeMemory.GUEST_ADDRESS;

    private static byte[] read(DescriptorChain chain) {
        byte[] bytes = new byte[(int) chain.readableBytes()];
        chain.read(0, MemorySegment.ofArray(bytes), 0, bytes.length);
        return bytes;
    }

    @Test
    void shouldFollowAnIndirectTable() throws Exception {
        try (SplitRing ring = SplitRing.of(1)) {
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

    @Test
    void shouldFollowDirectDescriptorsIntoAnIndirectTable() throws Exception {
        try (SplitRing ring = SplitRing.of(4)) {
            ring.driver
                    .chain()
                    .readable((byte) 1)
                    .readable((byte) 2)
                    .indirect()
                    .readable((byte) 3)
                    .writable(1)
                    .offer();
            assertThat(ring.queue.poll(ring.chain)).isTrue();
            assertThat(read(ring.chain)).containsExactly(1, 2, 3);
            assertThat(ring.chain.writableBytes()).isEqualTo(1);
        }
    }

    /** "The device MUST ignore the write-only flag" of a descriptor that refers to a table (§2.7.5.3.2). */
    @Test
    void shouldIgnoreTheWriteFlagOfTheIndirectDescriptorItself() throws Exception {
        try (SplitRing ring = SplitRing.of(4)) {
            long table = ring.memory.allocate(16, 16);
            GuestAccess.putU64(ring.memory.atUser(ring.memory.userAddress(table), 16), 0, BUFFER);
            GuestAccess.putU32(ring.memory.atUser(ring.memory.userAddress(table), 16), 8, 5);
            ring.driver.descriptor(0, table, 16, INDIRECT | WRITE, 0);
            ring.driver.offerHead(0);
            assertThat(ring.queue.poll(ring.chain)).isTrue();
            assertThat(ring.chain.readableBytes()).isEqualTo(5);
            assertThat(ring.chain.writableBytes()).isZero();
        }
    }

    @Test
    void shouldFollowATableAtAnOddAddress() throws Exception {
        try (SplitRing ring = SplitRing.of(4)) {
            long table = ring.memory.allocate(33, 16) + 1;
            byte[] two = new byte[32];
            MemorySegment descriptors = MemorySegment.ofArray(two);
            GuestAccess.putU64(descriptors, 0, BUFFER);
            GuestAccess.putU32(descriptors, 8, 3);
            GuestAccess.putU16(descriptors, 12, 1);
            GuestAccess.putU16(descriptors, 14, 1);
            GuestAccess.putU64(descriptors, 16, BUFFER);
            GuestAccess.putU32(descriptors, 24, 4);
            GuestAccess.putU16(descriptors, 28, WRITE);
            ring.memory.put(table, two);
            ring.driver.descriptor(0, table, 32, INDIRECT, 0);
            ring.driver.offerHead(0);
            assertThat(ring.queue.poll(ring.chain)).isTrue();
            assertThat(ring.chain.readableBytes()).isEqualTo(3);
            assertThat(ring.chain.writableBytes()).isEqualTo(4);
        }
    }

    @Test
    void shouldFollowATableThatStraddlesAdjacentRegions() throws Exception {
        long size = 1 << 20;
        FakeMemory memory = FakeMemory.of(size).region(BUFFER + size, FakeMemory.USER_ADDRESS + (1L << 40), size);
        try (SplitRing ring = SplitRing.in(memory, 4, FEATURES, 0)) {
            long table = BUFFER + size - 24; // the second descriptor lies across the seam
            byte[] three = new byte[48];
            MemorySegment descriptors = MemorySegment.ofArray(three);
            for (int i = 0; i < 3; i++) {
                GuestAccess.putU64(descriptors, i * 16L, BUFFER + i);
                GuestAccess.putU32(descriptors, i * 16L + 8, i + 1);
                GuestAccess.putU16(descriptors, i * 16L + 12, i == 2 ? 0 : 1);
                GuestAccess.putU16(descriptors, i * 16L + 14, i + 1);
            }
            memory.put(table, three);
            ring.driver.descriptor(0, table, 48, INDIRECT, 0);
            for (int again = 0; again < 2; again++) {
                ring.driver.offerHead(0);
                assertThat(ring.queue.poll(ring.chain)).isTrue();
                assertThat(ring.chain.readableBytes()).isEqualTo(1 + 2 + 3);
            }
        }
    }
}
