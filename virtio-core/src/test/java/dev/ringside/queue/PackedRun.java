package dev.ringside.queue;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.fault.RingFault;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.PackedDriver;
import java.util.List;
import java.util.Random;

/** The fields of a packed ring: places, which the model counts from the first lap on without ever wrapping. */
final class PackedRun extends RandomisedRun {
    private static final int[] SIZES = {1, 2, 3, 4, 5, 7, 13, 16, 64, 100, 255, 256, 1000, 1024};

    private final PackedDriver driver;
    private final int size;
    private long takenAt;
    private long usedAt;
    private int event;
    private int eventFlags;

    PackedRun(Random random, FakeMemory memory) throws RingFault {
        this(
                random,
                new RandomChains(random, memory),
                new RingFeatures(random.nextBoolean(), random.nextBoolean()),
                memory,
                SIZES[random.nextInt(SIZES.length)],
                random.nextInt());
    }

    private PackedRun(Random random, RandomChains chains, RingFeatures features, FakeMemory memory, int size, int start)
            throws RingFault {
        this(random, chains, features, size, Math.floorMod(start, 2 * size), memory);
    }

    private PackedRun(
            Random random, RandomChains chains, RingFeatures features, int size, long start, FakeMemory memory)
            throws RingFault {
        this(random, chains, features, PackedRing.in(memory, size, features, place(start, size)), start);
    }

    private PackedRun(Random random, RandomChains chains, RingFeatures features, PackedRing ring, long start) {
        super(random, chains, features, ring.driver, ring.queue);
        driver = ring.driver;
        size = driver.size();
        takenAt = start;
        usedAt = start;
        setEvent(features.eventIdx() ? PackedDriver.DESC : PackedDriver.ENABLE, start);
    }

    private static int place(long position, int size) {
        return (int) (position % size) | (position / size % 2 == 0 ? PackedDriver.FIRST : 0);
    }

    private void setEvent(int flags, long position) {
        eventFlags = flags;
        event = place(Math.floorMod(position, 2L * size), size);
        driver.driverEvent(flags, event);
    }

    @Override
    int room() {
        return driver.freeIds().isEmpty() ? 0 : driver.free();
    }

    @Override
    int direct(int buffers, int room) {
        return 0;
    }

    @Override
    void moved(Offered chain, boolean back) {
        takenAt += back ? -chain.entries() : chain.entries();
    }

    @Override
    int base() {
        return place(takenAt, size) | place(usedAt, size) << 16;
    }

    @Override
    boolean published(List<Offered> chains) {
        int entries = chains.stream().mapToInt(Offered::entries).sum();
        usedAt += entries;
        return switch (eventFlags) {
            case PackedDriver.ENABLE -> true;
            case PackedDriver.DISABLE -> false;
            default -> !features.eventIdx() || PackedDriver.needEvent(event, place(usedAt, size), entries, size);
        };
    }

    @Override
    void suppressCalls() {
        setEvent(random.nextInt(3), usedAt + random.nextInt(8) - 3);
    }

    @Override
    void checkKicks(boolean armed) {
        int expected = !armed
                ? PackedDriver.DISABLE << 16
                : features.eventIdx() ? PackedDriver.DESC << 16 | place(takenAt, size) : PackedDriver.ENABLE << 16;
        assertThat(driver.deviceEvent()).isEqualTo(expected);
    }
}
