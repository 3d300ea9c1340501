package dev.ringside.queue;

import static dev.ringside.testing.SplitDriver.INDIRECT;
import static dev.ringside.testing.SplitDriver.NEXT;
import static dev.ringside.testing.SplitDriver.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ringside.fault.ChainFault;
import dev.ringside.fault.ChainFault.Kind;
import dev.ringside.testing.FakeMemory;
import org.junit.jupiter.api.Test;

/** The longest and the largest chains that are taken, and the first that are not. */
class ChainLimitTest {
    private static final RingFeatures FEATURES = new RingFeatures(true, true);
    private static final long BUFFER = FakeMemory.GUEST_ADDRESS;
    private static final long TWO_GIB = 2L << 30;

    private static void shouldBeRejectedAs(Kind kind, SplitRing ring) {
        ChainFault fault = catchThrowableOfType(ChainFault.class, () -> ring.queue.poll(ring.chain));
        assertThat(fault).isNotNull();
        assertThat(fault.kind()).isEqualTo(kind);
    }

    @Test
    void shouldRejectIndirectWhenNotNegotiated() throws Exception {
        try (SplitRing ring = SplitRing.of(8, new RingFeatures(false, true))) {
            ring.driver.descriptor(0, BUFFER, 32, INDIRECT, 0);
            ring.driver.offerHead(0);
            shouldBeRejectedAs(Kind.INDIRECT_NOT_NEGOTIATED, ring);
        }
    }

    private static void offerDirect(SplitRing ring, int descriptors) {
        for (int i = 0; i < descriptors; i++) {
            ring.driver.descriptor(i, BUFFER + i, 1, i == descriptors - 1 ? WRITE : NEXT | WRITE, i + 1);
        }
        ring.driver.offerHead(0);
    }

    @Test
    void shouldTakeAChainOf1024Descriptors() throws Exception {
        try (SplitRing ring = SplitRing.of(2048)) {
            offerDirect(ring, 1024);
            assertThat(ring.queue.poll(ring.chain)).isTrue();
            assertThat(ring.chain.writableBytes()).isEqualTo(1024);
            assertThat(ring.chain.endsWritable()).isTrue();
        }
    }

    @Test
    void shouldRejectAChainOf1025Descriptors() throws Exception {
        try (SplitRing ring = SplitRing.of(2048)) {
            offerDirect(ring, 1025);
            shouldBeRejectedAs(Kind.TOO_LONG, ring);
            assertThat(ring.chain.endsWritable()).isFalse();
        }
    }

    private static void offerIndirect(SplitRing ring, int direct, int indirect) {
        var chain = ring.driver.chain();
        for (int i = 0; i < direct; i++) {
            chain.writableAt(BUFFER + i, 1);
        }
        chain.indirect();
        for (int i = 0; i < indirect; i++) {
            chain.writableAt(BUFFER + i, 1);
        }
        chain.offer();
    }

    @Test
    void shouldTakeAnIndirectTableOf1024Descriptors() throws Exception {
        try (SplitRing ring = SplitRing.of(8)) {
            offerIndirect(ring, 0, 1024);
            assertThat(ring.queue.poll(ring.chain)).isTrue();
            assertThat(ring.chain.writableBytes()).isEqualTo(1024);
        }
    }

    @Test
    void shouldCountDirectAndIndirectDescriptorsTogether() throws Exception {
        try (SplitRing ring = SplitRing.of(8)) {
            offerIndirect(ring, 1, 1023);
            assertThat(ring.queue.poll(ring.chain)).isTrue();
            assertThat(ring.chain.writableBytes()).isEqualTo(1024);

            offerIndirect(ring, 1, 1024);
            shouldBeRejectedAs(Kind.TOO_LONG, ring);
        }
    }

    /** A buffer across a seam between regions needs two segments; a chain has room for some such, and no more. */
    @Test
    void shouldRejectAChainThatStraddlesTooOften() throws Exception {
        long seam = BUFFER + (1 << 20);
        FakeMemory memory = FakeMemory.of(1 << 20).region(seam, 1L << 40, 1 << 20);
        try (SplitRing ring = SplitRing.in(memory, 8, FEATURES, 0)) {
            for (int straddling : new int[] {64, 65}) {
                var chain = ring.driver.chain().indirect();
                for (int i = 0; i < 1024; i++) {
                    chain.writableAt(i < straddling ? seam - 1 : seam, 2);
                }
                chain.offer();
                if (straddling == 64) {
                    assertThat(ring.queue.poll(ring.chain)).isTrue();
                } else {
                    shouldBeRejectedAs(Kind.TOO_LONG, ring);
                }
            }
        }
    }

    private static SplitRing ringInLargeMemory() throws Exception {
        return SplitRing.in(FakeMemory.of(TWO_GIB + 4096), 8, FEATURES, 0);
    }

    @Test
    void shouldTakeAChainOf4GiB() throws Exception {
        try (SplitRing ring = ringInLargeMemory()) {
            ring.driver
                    .chain()
                    .readableAt(BUFFER, 16)
                    .writableAt(BUFFER, TWO_GIB)
                    .writableAt(BUFFER, TWO_GIB - 17)
                    .writableAt(BUFFER, 1)
                    .offer();
            assertThat(ring.queue.poll(ring.chain)).isTrue();
            assertThat(ring.chain.readableBytes() + ring.chain.writableBytes()).isEqualTo(1L << 32);
        }
    }

    @Test
    void shouldRejectAChainBeyond4GiB() throws Exception {
        try (SplitRing ring = ringInLargeMemory()) {
            ring.driver
                    .chain()
                    .readableAt(BUFFER, 16)
                    .writableAt(BUFFER, TWO_GIB)
                    .writableAt(BUFFER, TWO_GIB - 16)
                    .writableAt(BUFFER, 1)
                    .offer();
            shouldBeRejectedAs(Kind.TOO_LARGE, ring);
            assertThat(ring.chain.endsWritable()).isFalse();
        }
    }
}
