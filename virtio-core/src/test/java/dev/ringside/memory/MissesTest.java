package dev.ringside.memory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.memory.Iotlb.Miss;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** What a front-end is asked for, and what not. */
class MissesTest {
    private static final int PAGE = 4096;
    private static final long BUFFER = 0x10_0000;

    private final List<Miss> asked = new ArrayList<>();
    private final Iotlb iotlb = new Iotlb(asked::add);
    private final Misses misses = new Misses(iotlb);

    private static List<Miss> pages(long first, int count, int access) {
        return LongStream.range(0, count)
                .mapToObj(i -> new Miss(first + i * PAGE, access))
                .toList();
    }

    private void know(long address, long bytes, int access) throws Exception {
        iotlb.update(address, bytes, address, access);
    }

    @Test
    void shouldAskForEachPageThatABufferTouches() {
        misses.add(BUFFER + 5, 2 * PAGE, Iotlb.READ);
        assertThat(asked)
                .containsExactly(
                        new Miss(BUFFER + 5, Iotlb.READ),
                        new Miss(BUFFER + PAGE, Iotlb.READ),
                        new Miss(BUFFER + 2 * PAGE, Iotlb.READ));
        assertThat(misses.last()).isEqualTo(asked.getLast());
    }

    @Test
    void shouldAskForNothingBeyondTheBuffer() {
        misses.add(BUFFER, PAGE, Iotlb.READ);
        misses.lookAhead(BUFFER + 8 * PAGE - 1, 1, Iotlb.WRITE);
        assertThat(asked).containsExactly(new Miss(BUFFER, Iotlb.READ), new Miss(BUFFER + 8 * PAGE - 1, Iotlb.WRITE));
    }

    @Test
    void shouldNotAskForWhatIsKnown() throws Exception {
        know(BUFFER + PAGE, 3 * PAGE, Iotlb.READ_WRITE);
        know(BUFFER + 5 * PAGE, PAGE, Iotlb.READ);
        misses.add(BUFFER, 6 * PAGE, Iotlb.WRITE);
        assertThat(asked)
                .containsExactly(
                        new Miss(BUFFER, Iotlb.WRITE),
                        new Miss(BUFFER + 4 * PAGE, Iotlb.WRITE),
                        new Miss(BUFFER + 5 * PAGE, Iotlb.WRITE));
    }

    @Test
    void shouldAskOnceForBuffersInOnePage() {
        misses.add(BUFFER, 100, Iotlb.READ);
        misses.lookAhead(BUFFER + 100, 100, Iotlb.READ);
        assertThat(asked).hasSize(1);
        // Not told with the other permission.
        misses.lookAhead(BUFFER + 200, 100, Iotlb.WRITE);
        misses.lookAhead(BUFFER + 300, 100, Iotlb.WRITE);
        assertThat(asked).hasSize(2);
        // Might be in a page by itself: what is before an address is not told with it.
        misses.lookAhead(BUFFER + 199, 1, Iotlb.WRITE);
        assertThat(asked).hasSize(3);
    }

    @Test
    void shouldTakePagesToBeAsLargeAsTheLastOne() throws Exception {
        know(0, 8 * PAGE, Iotlb.READ);
        misses.add(BUFFER + PAGE, 16 * PAGE, Iotlb.READ);
        assertThat(asked.stream().map(Miss::address))
                .containsExactly(BUFFER + PAGE, BUFFER + 8 * PAGE, BUFFER + 16 * PAGE);
    }

    @Test
    void shouldLookAt64PagesBehindTheFirst() {
        misses.add(BUFFER, 1000 * PAGE, Iotlb.READ);
        misses.lookAhead(0, 1000 * PAGE, Iotlb.READ);
        assertThat(asked).isEqualTo(pages(BUFFER, 65, Iotlb.READ));
        asked.clear();
        misses.begin();
        assertThat(misses.last()).isNull();
        misses.add(0, 2 * PAGE, Iotlb.READ);
        assertThat(asked).isEqualTo(pages(0, 2, Iotlb.READ));
    }

    /** Looked for a moment ago, and not found: it may be writable only, so that nobody would answer anything else. */
    @Test
    void shouldAskForTheSameThoughItHasComeMeanwhile() throws Exception {
        know(BUFFER, PAGE, Iotlb.WRITE);
        misses.add(BUFFER, 1, Iotlb.WRITE);
        assertThat(asked).containsExactly(new Miss(BUFFER, Iotlb.WRITE));
        misses.add(BUFFER, 1, Iotlb.READ_WRITE);
        assertThat(asked).hasSize(2).endsWith(new Miss(BUFFER, Iotlb.READ));
    }

    /** Known ones count as well: a front-end may tell of very small ones. */
    @Test
    void shouldNotLookThroughAnyNumberOfKnownOnes() throws Exception {
        for (int i = 0; i < 1000; i++) {
            know(i, 1, Iotlb.READ);
        }
        misses.add(BUFFER, 1, Iotlb.READ);
        misses.lookAhead(0, 1000 + PAGE, Iotlb.READ);
        assertThat(asked).containsExactly(new Miss(BUFFER, Iotlb.READ));
    }

    @Test
    void shouldAskForNoMoreThanHasToBeWhen128AreUnanswered() throws Exception {
        for (int i = 0; i < 4; i++) {
            misses.begin();
            misses.add(BUFFER, 1000 * PAGE, Iotlb.READ);
        }
        assertThat(asked).hasSize(128 + 2);
        know(BUFFER, PAGE, Iotlb.READ);
        know(BUFFER + PAGE, PAGE, Iotlb.READ);
        know(BUFFER + 2 * PAGE, PAGE, Iotlb.READ);
        misses.begin();
        misses.lookAhead(0, 1000 * PAGE, Iotlb.READ);
        assertThat(asked).hasSize(128 + 3);
        iotlb.clear();
        misses.begin();
        misses.lookAhead(0, 1000 * PAGE, Iotlb.READ);
        assertThat(asked).hasSize(128 + 3 + 64);
    }

    @Test
    void shouldBearAddressesAndPagesThatMakeNoSense() throws Exception {
        for (long bytes : new long[] {1, 4096, 4097, Long.MAX_VALUE - 1}) {
            know(0, bytes, Iotlb.READ);
            iotlb.clear();
            for (long address : new long[] {Long.MIN_VALUE, -1, 0, 1, Long.MAX_VALUE}) {
                asked.clear();
                misses.begin();
                misses.add(address, Long.MAX_VALUE, Iotlb.READ_WRITE);
                assertThat(asked).hasSizeBetween(1, 65);
                assertThat(asked.getFirst().address()).isEqualTo(address);
            }
        }
    }
}
