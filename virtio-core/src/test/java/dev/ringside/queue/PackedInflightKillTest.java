package dev.ringside.queue;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.memory.GuestAccess;
import dev.ringside.queue.KillSwitch.Killed;
import dev.ringside.testing.FakeDriver.Used;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.PackedDriver;
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
 * What {@link InflightKillTest} does, with a packed ring. Its device learns from nobody but the record where it was: the
 * front-end tells it again and again where it once began.
 */
class PackedInflightKillTest {
    private static final int SIZE = 5;
    private static final int REQUESTS = 8;
    /** In the record for one descriptor, and in the ring. */
    private static final int STORES_PER_REQUEST = 4 + 6 + 5 + 3;

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
        final MemorySegment inflight = arena.allocate(PackedVirtqueue.inflightBytes(SIZE), 8);
        final PackedDriver driver;
        final int base;
        /** Requests that the driver waits for, by id. */
        final Map<Integer, Long> outstanding = new HashMap<>();

        int offered;

        World(int place) {
            driver = new PackedDriver(memory, SIZE, true, place);
            base = driver.base();
            offer();
        }

        /** Requests of one descriptor and of two in turn. */
        void offer() {
            while (driver.free() > 1 && offered < REQUESTS) {
                long place = memory.allocate(Long.BYTES, Long.BYTES);
                GuestAccess.putU64(memory.atUser(memory.userAddress(place), Long.BYTES), 0, offered);
                var chain = driver.chain().readableAt(place, Long.BYTES);
                if (offered % 2 == 1) {
                    chain.writableAt(place, 1);
                }
                assertThat(outstanding.put(chain.add().id(), (long) offered)).isNull();
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
            // The driver lives on meanwhile.
            takeUsed();
            offer();
            List<Long> awaited = outstanding.values().stream().sorted().toList();
            List<Long> executed = new ArrayList<>();
            KillSwitch.after(stores);
            boolean survived = true;
            try {
                device.serve(
                        new DeviceLife.Ring(true, SIZE, driver.address(), memory.memory()),
                        inflight,
                        base,
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
                assertThat(driver.free()).isEqualTo(SIZE);
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
    @ValueSource(ints = {PackedDriver.FIRST, 3, 4 | PackedDriver.FIRST})
    void shouldLoseNothingWhereverItIsKilledTwice(int place) throws Exception {
        int deaths = 0;
        for (int first = 0; ; first++) {
            for (int second = 0; ; second++) {
                try (World world = new World(place)) {
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
