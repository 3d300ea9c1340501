package dev.ringside.queue;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.fault.RingFault;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.SplitDriver;
import java.util.List;
import java.util.Random;

/** The fields of a split ring: free-running indices. */
final class SplitRun extends RandomisedRun {
    private static final int[] SIZES = {1, 2, 4, 16, 64, 256, 1024};
    private static final int U16_MASK = 0xffff;

    private final SplitDriver driver;
    private int usedIdx;
    private int takenIdx;
    private int usedEvent;
    private boolean noInterrupt;

    SplitRun(Random random, FakeMemory memory) throws RingFault {
        this(
                random,
                new RandomChains(random, memory),
                new RingFeatures(random.nextBoolean(), random.nextBoolean()),
                memory,
                random.nextInt(U16_MASK + 1));
    }

    private SplitRun(Random random, RandomChains chains, RingFeatures features, FakeMemory memory, int base)
            throws RingFault {
        this(random, chains, features, SplitRing.in(memory, SIZES[random.nextInt(SIZES.length)], features, base), base);
    }

    private SplitRun(Random random, RandomChains chains, RingFeatures features, SplitRing ring, int base) {
        super(random, chains, features, ring.driver, ring.queue);
        driver = ring.driver;
        usedIdx = base;
        takenIdx = base;
        usedEvent = base;
    }

    @Override
    int room() {
        return driver.free();
    }

    @Override
    int direct(int buffers, int room) {
        return random.nextInt(Math.min(room, buffers));
    }

    @Override
    void moved(Offered chain, boolean back) {
        takenIdx = (takenIdx + (back ? -1 : 1)) & U16_MASK;
    }

    @Override
    int base() {
        return takenIdx;
    }

    @Override
    boolean published(List<Offered> chains) {
        int before = usedIdx;
        usedIdx = (usedIdx + chains.size()) & U16_MASK;
        return features.eventIdx() ? SplitDriver.needEvent(usedEvent, usedIdx, before) : !noInterrupt;
    }

    @Override
    void suppressCalls() {
        noInterrupt = random.nextBoolean();
        usedEvent = (usedIdx + random.nextInt(8) - 3) & U16_MASK;
        driver.availFlags(noInterrupt ? SplitDriver.NO_INTERRUPT : 0);
        driver.usedEvent(usedEvent);
    }

    @Override
    void checkKicks(boolean armed) {
        assertThat(driver.usedFlags()).isEqualTo(armed || features.eventIdx() ? 0 : SplitDriver.NO_NOTIFY);
        if (armed && features.eventIdx()) {
            assertThat(driver.availEvent()).isEqualTo(takenIdx);
        }
    }
}
