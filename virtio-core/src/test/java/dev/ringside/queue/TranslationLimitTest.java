package dev.ringside.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ringside.fault.ChainFault;
import dev.ringside.fault.ChainFault.Kind;
import dev.ringside.memory.Iotlb;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.SplitDriver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A front-end that tells of pages of a byte each, and a driver whose buffers are in very many of them. */
class TranslationLimitTest {
    private static final int MEMORY_BYTES = 1 << 20;
    private static final int MOST = 1 << 14;
    private static final long BUFFERS = 0x7000_0000;

    private final FakeMemory memory = FakeMemory.of(MEMORY_BYTES);
    private final SplitDriver driver = new SplitDriver(memory, 8, false);
    private final Iotlb iotlb = new Iotlb(miss -> {});
    private final DescriptorChain chain = new DescriptorChain(0);
    private SplitVirtqueue queue;

    @BeforeEach
    void map() throws Exception {
        iotlb.update(FakeMemory.USER_ADDRESS, MEMORY_BYTES, FakeMemory.USER_ADDRESS, Iotlb.READ_WRITE);
        for (long i = 0; i <= MOST; i++) {
            iotlb.update(BUFFERS + i, 1, FakeMemory.USER_ADDRESS + i, Iotlb.READ_WRITE);
        }
        queue = new SplitVirtqueue(
                8,
                0,
                driver.address(),
                new RingFeatures(true, false),
                memory.memory().behind(iotlb));
    }

    @AfterEach
    void close() {
        memory.close();
    }

    private void shouldBeTooLong() {
        assertThat(catchThrowableOfType(ChainFault.class, () -> queue.poll(chain))
                        .kind())
                .isEqualTo(Kind.TOO_LONG);
    }

    @Test
    void shouldTakeAChainOf16384Translations() throws Exception {
        driver.chain().readableAt(BUFFERS, 100).writableAt(BUFFERS, MOST - 100).offer();
        assertThat(queue.poll(chain)).isTrue();
        assertThat(chain.segments()).isEqualTo(2);
        assertThat(chain.writableBytes()).isEqualTo(MOST - 100);
    }

    @Test
    void shouldRejectABufferOfMore() {
        driver.chain().readableAt(BUFFERS, MOST + 1).offer();
        shouldBeTooLong();
    }

    @Test
    void shouldCountThemOverAllBuffersOfAChain() throws Exception {
        driver.chain().readableAt(BUFFERS, MOST).offer();
        driver.chain()
                .readableAt(BUFFERS, MOST / 2)
                .writableAt(BUFFERS, MOST / 2 + 1)
                .offer();
        assertThat(queue.poll(chain)).isTrue();
        shouldBeTooLong();
    }
}
