package dev.ringside.link;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What waits for a receiver: bounded, whatever the frames are like. */
class FrameRingTest {
    private static final long CAPACITY = 1 << 20;
    /** Its length and its header. */
    private static final int BESIDE_A_FRAME = 4 + NetHeader.BYTES;

    private final FrameRing ring = new FrameRing();
    private final Random random = new Random(1);

    private byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    private byte[] take() {
        Frame frame = new Frame();
        ring.peek(frame);
        byte[] bytes = Packets.bytes(frame);
        ring.remove();
        return bytes;
    }

    private static long recordBytes(int frameBytes) {
        return (BESIDE_A_FRAME + frameBytes + 7L) & -8L;
    }

    @ParameterizedTest
    @ValueSource(ints = {Frame.ETHERNET_BYTES, 60, 1514, 9014, Frame.MAX_BYTES})
    void shouldHoldNoMoreThan1MiB(int frameBytes) {
        byte[] bytes = bytes(frameBytes);
        Frame frame = Packets.frame(bytes, random);
        long most = CAPACITY / recordBytes(frameBytes);
        long count = 0;
        while (ring.add(frame)) {
            count++;
        }
        assertThat(count).isEqualTo(most);
        for (int i = 0; i < 2 * most; i++) {
            assertThat(take()).isEqualTo(bytes);
            count--;
            while (ring.add(frame)) {
                count++;
            }
            // One may not fit in before the end of the memory.
            assertThat(count).isBetween(most - 1, most);
        }
        for (long i = 0; i < count; i++) {
            assertThat(take()).isEqualTo(bytes);
        }
        assertThat(ring.isEmpty()).isTrue();
    }

    @Test
    void shouldKeepFramesOfAnySizeAndTheirOrderWithinTheBound() {
        Deque<byte[]> kept = new ArrayDeque<>();
        long held = 0;
        for (int i = 0; i < 2000; i++) {
            int most = random.nextBoolean() ? 100 : Frame.MAX_BYTES - Frame.ETHERNET_BYTES;
            byte[] bytes = bytes(Frame.ETHERNET_BYTES + random.nextInt(most));
            if (ring.add(Packets.frame(bytes, random))) {
                kept.add(bytes);
                held += recordBytes(bytes.length);
                assertThat(held).isLessThanOrEqualTo(CAPACITY);
            } else {
                // What is left out before the end of the memory is less than one of the largest.
                assertThat(held + recordBytes(bytes.length) + recordBytes(Frame.MAX_BYTES))
                        .isGreaterThan(CAPACITY);
                for (int gone = random.nextInt(kept.size() + 1); gone > 0; gone--) {
                    byte[] oldest = kept.remove();
                    held -= recordBytes(oldest.length);
                    assertThat(take()).isEqualTo(oldest);
                }
            }
        }
        while (!kept.isEmpty()) {
            assertThat(take()).isEqualTo(kept.remove());
        }
        assertThat(ring.isEmpty()).isTrue();
    }
}
