package dev.ringside.device;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.fault.FaultLog;
import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Engine;
import dev.ringside.loop.Pollable;
import dev.ringside.queue.RingFeatures;
import dev.ringside.queue.SplitVirtqueue;
import dev.ringside.testing.EachEngine;
import dev.ringside.testing.EchoDevice;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.SplitDriver;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** A driver that makes chains available as fast as they are used: the loop's others have their turn all the same. */
@EachEngine
class WorkPerTurnTest {
    private static final int SIZE = 256;
    private static final int MOST_IN_A_TURN = 64;
    private static final int TURNS = 500;

    @Parameter
    Engine engine;

    private final EchoDevice device = new EchoDevice(1);
    private final FakeMemory memory = FakeMemory.of(1 << 20);
    private final SplitDriver driver = new SplitDriver(memory, SIZE, true);
    private DeviceLoop loop;
    private Fd kick;
    private RunningQueue queue;

    @BeforeEach
    void start() throws Exception {
        kick = EventFd.create();
        loop = DeviceLoop.start("loop-under-test", engine);
        queue = onLoop(() -> {
            SplitVirtqueue ring = new SplitVirtqueue(
                    SIZE, driver.base(), driver.address(), new RingFeatures(true, true), memory.memory());
            FaultLog faults = new FaultLog(LoggerFactory.getLogger(WorkPerTurnTest.class));
            return new RunningQueue(loop, 0, device, 0, ring, faults);
        });
    }

    @AfterEach
    void stop() throws Exception {
        get(onLoop(queue::stop));
        loop.close();
        kick.close();
        memory.close();
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(FakeFrontEnd.DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
    }

    private <T> T onLoop(Callable<T> task) throws Exception {
        return get(loop.call(task));
    }

    /** Another queue of the loop, which sees what the one under test has done since its last turn. */
    private final class Neighbour implements Pollable {
        final CompletableFuture<Long> mostInATurn = new CompletableFuture<>();
        private final long address;
        private int turns;
        private long before;
        private long most;

        Neighbour(long address) {
            this.address = address;
        }

        @Override
        public boolean poll() {
            long chains = device.stats(0).chains();
            most = Math.max(most, chains - before);
            before = chains;
            while (driver.takeUsed() != null) {
                offer();
            }
            turns++;
            if (turns == TURNS) {
                loop.detach(this);
                mostInATurn.complete(most);
            }
            return true;
        }

        void offer() {
            driver.chain().readableAt(address, 1).offer();
        }

        @Override
        public void wake() {}

        @Override
        public boolean arm() {
            return false;
        }
    }

    /** Chains that are rejected count like others. */
    @ParameterizedTest
    @ValueSource(longs = {FakeMemory.GUEST_ADDRESS, 0})
    void shouldServeNoMoreThan64ChainsInATurn(long address) throws Exception {
        Neighbour neighbour = new Neighbour(address);
        for (int i = 0; i < SIZE; i++) {
            neighbour.offer();
        }
        onLoop(() -> {
            queue.attachKick(kick);
            loop.attach(neighbour);
            loop.activate(neighbour);
            return null;
        });
        assertThat(get(neighbour.mostInATurn)).isEqualTo(MOST_IN_A_TURN);
    }
}
