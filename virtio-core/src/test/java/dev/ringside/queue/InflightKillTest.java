package dev.ringside.queue;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.memory.GuestAccess;
import dev.ringside.queue.KillSwitch.Killed;
import dev.ringside.testing.FakeDriver.Used;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.SplitDriver;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A device is killed before each of its stores, and the one that is started in its place before each of its own, the
 * first of which belong to the recovery. Whatever remains, the next finds every request that the driver still waits for,
 * in the order in which the driver made them available, and no other.
 */
class InflightKillTest {
    private static final int SIZE = 8;
    private static final int REQUESTS = 14;
    /** Five in the record, two in the used ring. */
    private static final int STORES_PER_REQUEST = 7;

    private static final int NEVER = Integer.MAX_VALUE;

    private static DeviceLife device;

    @BeforeAll
    static void loadTheDevice() throws ReflectiveOperationException {
        device = KillSwitch.load(DeviceLife.class, InflightLife.class);
    }

    /** A driver, its ring, and the record: all that outlives a device. */
    private static final class World implements AutoCloseable {
        final FakeMemory memory = FakeMemory.of(1 << 16);
        final Arena arena = Arena.ofConfined();
        final MemorySegment inflight = arena.allocate(SplitVirtqueue.inflightBytes(SIZE), 8);
        final SplitDriver driver;
        final long[] request = new long[SIZE];
        /** Requests that the driver waits for, by head. */
        final Map<Integer, Long> outstanding = new HashMap<>();

        int offered;

        World(int base) {
            SplitDriver anywhere = new SplitDriver(memory, SIZE, true);
            driver = new SplitDriver(memory, SIZE, true, anywhere.address(), base);
            for (int i = 0; i < SIZE; i++) {
                request[i] = memory.allocate(Long.BYTES, Long.BYTES);
            }
            offer();
        }

        void offer() {
            while (driver.free() > 0 && offered < REQUESTS) {
                long place = request[offered % SIZE];
                int head = driver.chain().readableAt(place, Long.BYTES).add().id();
                place = request[head];
                driver.descriptor(head, place, Long.BYTES, 0, 0);
                GuestAccess.putU64(memory.atUser(memory.userAddress(place), Long.BYTES), 0, offered);
                assertThat(outstanding.put(head, (long) offered)).isNull();
                offered++;
            }
            driver.publish();
        }

        void takeUsed() {
            for (Used used = driver.takeUsed(); used != null; used = driver.takeUsed()) {
                assertThat(outstanding.remove(used.id()))
                        .as("a request that is used once")
                        .isNotNull();
            }
        }

        /** Lets a device live until it is killed, or has nothing left to do. Returns whether the latter. */
        boolean live(int stores) throws Exception {
            takeUsed();
            List<Long> awaited = outstanding.values().stream().sorted().toList();
            List<Long> executed = new ArrayList<>();
            KillSwitch.after(stores);
            boolean survived = true;
            try {
                device.serve(
                        new DeviceLife.Ring(false, SIZE, driver.address(), memory.memory()),
                        inflight,
                        driver.usedIdx(),
                        executed::add,
                        () -> {
                            takeUsed();
                            offer();
                        });
            } catch (Killed e) {
                survived = false;
            }
            assertThat(executed).isSorted().doesNotHaveDuplicates();
            int recovered = Math.min(awaited.size(), executed.size());
            assertThat(executed.subList(0, recovered)).isEqualTo(awaited.subList(0, recovered));
            if (survived) {
                takeUsed();
                assertThat(outstanding).isEmpty();
                assertThat(offered).isEqualTo(REQUESTS);
            }
            return survived;
        }

        @Override
        public void close() {
            memory.close();
            arena.close();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 0xffff - 4, 0xffff - SIZE - 3})
    void shouldLoseNothingWhereverItIsKilledTwice(int base) throws Exception {
        int deaths = 0;
        for (int first = 0; ; first++) {
            for (int second = 0; ; second++) {
                try (World world = new World(base)) {
                    if (world.live(first)) {
                        assertThat(first)
                                .as("stores that were enumerated")
                                .isGreaterThan(STORES_PER_REQUEST * REQUESTS);
                        assertThat(deaths).isGreaterThan(first * first / 2);
                        return;
                    }
                    boolean survived = world.live(second);
                    if (!survived) {
                        world.live(NEVER);
                    }
                    deaths++;
                    if (survived) {
                        break;
                    }
                }
            }
        }
    }
}
