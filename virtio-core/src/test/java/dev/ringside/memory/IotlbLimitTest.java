package dev.ringside.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** How much of an IOMMU's translations is remembered, whatever a front-end tells. */
class IotlbLimitTest {
    private static final int PAGE = 4096;

    private final Iotlb iotlb = new Iotlb(miss -> {});

    @Test
    void shouldRememberNoMoreThan65536Translations() throws Exception {
        int most = 0;
        for (long page = 0; page < 3L * Iotlb.MAX_ENTRIES; page++) {
            iotlb.update(page * PAGE, PAGE, page * PAGE, Iotlb.READ_WRITE);
            most = Math.max(most, iotlb.count());
            assertThat(iotlb.find(page * PAGE, Iotlb.WRITE)).as("the last one").isNotNull();
        }
        assertThat(most).isEqualTo(1 << 16);
        assertThat(found(3L * Iotlb.MAX_ENTRIES)).isEqualTo(iotlb.count());
        iotlb.invalidate(0, Long.MAX_VALUE);
        assertThat(iotlb.count()).isZero();
    }

    /** A queue may look while the same is told once more. */
    @Test
    void shouldKnowATranslationAllTheWhileThatItIsToldAgain() throws Exception {
        iotlb.update(PAGE, PAGE, PAGE, Iotlb.READ_WRITE);
        AtomicBoolean isTelling = new AtomicBoolean(true);
        CountDownLatch looked = new CountDownLatch(1);
        CompletableFuture<Boolean> isKnown = CompletableFuture.supplyAsync(() -> {
            boolean known = true;
            while (isTelling.get()) {
                known &= iotlb.find(PAGE, Iotlb.WRITE) != null;
                looked.countDown();
            }
            return known;
        });
        looked.await();
        for (int i = 0; i < 1_000_000; i++) {
            iotlb.update(PAGE, PAGE, PAGE, 1 + i % 3);
        }
        isTelling.set(false);
        assertThat(isKnown.get()).isTrue();
        assertThat(iotlb.count()).isEqualTo(1);
    }

    /** Pages, of so many, that have a translation. */
    private long found(long pages) {
        return LongStream.range(0, pages)
                .filter(page -> iotlb.find(page * PAGE, Iotlb.READ) != null)
                .count();
    }

    @Test
    void shouldRememberNoMoreWhenTheyOverlap() throws Exception {
        Random random = new Random(1);
        for (int i = 0; i < 5 * Iotlb.MAX_ENTRIES; i++) {
            long address = random.nextLong(1L << 30);
            if (random.nextInt(4) == 0) {
                iotlb.invalidate(address, address + random.nextLong(1 << 20));
                assertThat(iotlb.find(address, Iotlb.READ)).isNull();
            } else {
                iotlb.update(address, 1 + random.nextInt(3 * PAGE), random.nextLong(1L << 40), Iotlb.READ);
                assertThat(iotlb.find(address, Iotlb.READ)).as("the last one").isNotNull();
            }
            assertThat(iotlb.count()).isBetween(0, 1 << 16);
        }
        iotlb.invalidate(0, Long.MAX_VALUE);
        assertThat(iotlb.count()).isZero();
    }
}
