package dev.ringside.device;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.fault.FaultLog;
import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.Poll;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Engine;
import dev.ringside.queue.RingFeatures;
import dev.ringside.queue.SplitVirtqueue;
import dev.ringside.testing.EachEngine;
import dev.ringside.testing.EchoDevice;
import dev.ringside.testing.EchoDevice.Held;
import dev.ringside.testing.FakeDriver.Used;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.LogWatch;
import dev.ringside.testing.ProcSelf;
import dev.ringside.testing.SplitDriver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** A virtqueue at work on its loop: kicked, called, stopped, and never asleep with work to do. */
@EachEngine
class RunningQueueTest {
    private static final int SIZE = 64;
    private static final long POLL_NANOS = 20_000;
    private static final RingFeatures EVENT_IDX = new RingFeatures(true, true);
    private static final RingFeatures FLAGS = new RingFeatures(true, false);

    @Parameter
    Engine engine;

    private final EchoDevice device = new EchoDevice(2);
    private FakeMemory memory;
    private ProcSelf before;
    private DeviceLoop loop;
    private Fd kick;
    private Fd call;
    private Fd err;
    private SplitDriver driver;
    private RunningQueue queue;
    private boolean stopped;

    @BeforeEach
    void start() throws Exception {
        before = ProcSelf.now();
        memory = FakeMemory.of(1 << 20);
        kick = EventFd.create();
        call = EventFd.create();
        err = EventFd.create();
        start(EVENT_IDX, 0);
    }

    private void start(RingFeatures features, long pollNanos) throws Exception {
        loop = DeviceLoop.start("queue-under-test", engine, pollNanos);
        driver = new SplitDriver(memory, SIZE, features.eventIdx());
        queue = onLoop(() -> {
            SplitVirtqueue ring = new SplitVirtqueue(SIZE, driver.base(), driver.address(), features, memory.memory());
            FaultLog faults = new FaultLog(LoggerFactory.getLogger(RunningQueueTest.class));
            RunningQueue made = new RunningQueue(loop, 0, device, 0, ring, faults);
            made.call(call);
            made.err(err);
            return made;
        });
    }

    private void restart(RingFeatures features, long pollNanos) throws Exception {
        await(queue::stop);
        loop.close();
        start(features, pollNanos);
        attach();
    }

    @AfterEach
    void shouldLeaveNothingBehind() throws Exception {
        if (!stopped) {
            stop();
        }
        assertThat(device.running()).isZero();
        loop.close();
        kick.close();
        call.close();
        err.close();
        memory.close();
        ProcSelf.awaitNoMoreThan(before);
    }

    private <T> T onLoop(Callable<T> task) throws Exception {
        return loop.call(task).get(FakeFrontEnd.DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Begins something on the loop, and waits for its end. */
    private <T> T await(Supplier<CompletableFuture<T>> work) throws Exception {
        return onLoop(work::get).get(FakeFrontEnd.DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
    }

    private int stop() throws Exception {
        stopped = true;
        return await(queue::stop);
    }

    private void attach() throws Exception {
        onLoop(() -> {
            queue.attachKick(kick);
            return null;
        });
    }

    private int offer() {
        return driver.chain()
                .readableAt(FakeMemory.GUEST_ADDRESS, 1)
                .writableAt(FakeMemory.GUEST_ADDRESS + (1 << 19), 1)
                .offer()
                .id();
    }

    private Used awaitUsed() {
        while (true) {
            driver.armCalls();
            Used used = driver.takeUsed();
            if (used != null) {
                return used;
            }
            assertThat(Poll.readable(call, FakeFrontEnd.DEADLINE)).as("called").isTrue();
            Poll.takeCount(call);
        }
    }

    private void shouldServe() {
        int id = offer();
        EventFd.signal(kick);
        assertThat(awaitUsed()).isEqualTo(new Used(id, 1));
    }

    @Test
    void shouldServeWhatWasOfferedAndKickedBeforeAnybodyWatched() throws Exception {
        int id = offer();
        EventFd.signal(kick);
        attach();
        assertThat(awaitUsed().id()).isEqualTo(id);
    }

    @Test
    void shouldLookAtTheRingOnceWithoutAKick() throws Exception {
        int id = offer();
        attach();
        assertThat(awaitUsed().id()).isEqualTo(id);
    }

    @Test
    void shouldServeEachKick() throws Exception {
        attach();
        for (int i = 0; i < 1000; i++) {
            shouldServe();
        }
    }

    /**
     * A driver that kicks only when it is asked to: by a loop that polls, perhaps never. Whoever sleeps at the wrong time
     * sleeps for ever.
     */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldNeverSleepWithoutHavingAskedForAKick(boolean eventIdx) throws Exception {
        for (long pollNanos : new long[] {0, POLL_NANOS}) {
            restart(eventIdx ? EVENT_IDX : FLAGS, pollNanos);
            int kicks = 0;
            for (int i = 0; i < 5000; i++) {
                int id = offer();
                if (driver.wantsKick()) {
                    EventFd.signal(kick);
                    kicks++;
                }
                assertThat(awaitUsed().id()).isEqualTo(id);
            }
            if (pollNanos == 0) {
                assertThat(kicks).isPositive();
            }
        }
    }

    @Test
    void shouldServeAFullRingAfterOneKick() throws Exception {
        attach();
        shouldServe();
        List<Integer> offered = new ArrayList<>();
        for (int i = 0; i < SIZE / 2; i++) {
            offered.add(offer());
        }
        EventFd.signal(kick);
        for (int id : offered) {
            assertThat(awaitUsed().id()).isEqualTo(id);
        }
    }

    private List<Held> holdEight() {
        device.hold(true);
        List<Held> held = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            offer();
        }
        EventFd.signal(kick);
        for (int i = 0; i < 8; i++) {
            held.add(device.awaitHeld());
        }
        return held;
    }

    /** Forgets the calls so far, those included that the loop makes at the beginning of its next turn. */
    private void forgetCalls() throws Exception {
        onLoop(() -> null);
        Poll.takeCount(call);
    }

    /** Completes chains within one turn of the loop. */
    private void completeTogether(List<Held> held) throws Exception {
        onLoop(() -> {
            held.forEach(each -> queue.complete(each.chain(), 1));
            return null;
        });
    }

    @Test
    void shouldCallOnceForABatch() throws Exception {
        attach();
        shouldServe();
        List<Held> held = holdEight();
        driver.armCalls();
        forgetCalls();

        completeTogether(held);

        assertThat(Poll.readable(call, FakeFrontEnd.DEADLINE)).isTrue();
        stop();
        assertThat(Poll.takeCount(call)).isEqualTo(1);
        for (int i = 0; i < 8; i++) {
            assertThat(driver.takeUsed()).isNotNull();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldNotCallADriverThatWantsNoCalls(boolean eventIdx) throws Exception {
        restart(eventIdx ? EVENT_IDX : FLAGS, 0);
        shouldServe();
        List<Held> held = holdEight();
        driver.disarmCalls();
        forgetCalls();

        completeTogether(held);

        stop();
        assertThat(Poll.takeCount(call)).isZero();
        assertThat(driver.takeUsed()).isNotNull();
    }

    @Test
    void shouldServeADriverThatCannotBeCalled() throws Exception {
        onLoop(() -> queue.call(null));
        attach();
        offer();
        EventFd.signal(kick);
        while (driver.takeUsed() == null) {
            Thread.onSpinWait();
        }
        assertThat(Poll.takeCount(call)).isZero();
    }

    @Test
    void shouldReturnItsBaseWhenItStops() throws Exception {
        attach();
        for (int i = 0; i < 5; i++) {
            shouldServe();
        }
        assertThat(stop()).isEqualTo(5);
        assertThat(device.running()).isZero();
    }

    @Test
    void shouldTakeNothingMoreButFinishWhatIsInFlightWhenItStops() throws Exception {
        attach();
        List<Held> held = holdEight();
        CompletableFuture<Integer> base = onLoop(queue::stop);
        stopped = true;
        offer();
        EventFd.signal(kick);
        onLoop(() -> null);
        assertThat(base).isNotDone();
        assertThat(device.isHolding()).isFalse();
        assertThat(device.running()).isEqualTo(1);

        for (Held each : held) {
            each.release();
        }

        assertThat(base.get(FakeFrontEnd.DEADLINE.toMillis(), TimeUnit.MILLISECONDS))
                .isEqualTo(8);
        for (int i = 0; i < 8; i++) {
            assertThat(driver.takeUsed()).isNotNull();
        }
        assertThat(driver.takeUsed()).isNull();
    }

    @Test
    void shouldMoveToOtherMemoryBetweenRequests() throws Exception {
        attach();
        List<Held> held = holdEight();
        CompletableFuture<Void> moved = onLoop(() -> queue.replaceMemory(memory.memory()));
        int late = offer();
        EventFd.signal(kick);
        onLoop(() -> null);
        assertThat(moved).isNotDone();
        assertThat(device.isHolding()).as("took a chain meanwhile").isFalse();
        device.hold(false);

        held.forEach(Held::release);

        moved.get(FakeFrontEnd.DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
        for (int i = 0; i < 8; i++) {
            awaitUsed();
        }
        assertThat(awaitUsed().id()).as("what was offered meanwhile").isEqualTo(late);
        shouldServe();
    }

    @Test
    void shouldGrowItsMemoryUnderRequestsInFlight() throws Exception {
        attach();
        List<Held> held = holdEight();
        device.hold(false);
        memory.region(1L << 40, 1L << 40, 4096);
        onLoop(() -> {
            queue.growMemory(memory.memory());
            return null;
        });
        int id = driver.chain()
                .readableAt(1L << 40, 1)
                .writableAt((1L << 40) + 1, 1)
                .offer()
                .id();
        EventFd.signal(kick);
        assertThat(awaitUsed()).isEqualTo(new Used(id, 1));
        held.forEach(Held::release);
        for (int i = 0; i < 8; i++) {
            awaitUsed();
        }
    }

    private void shouldBreak() {
        EventFd.signal(kick);
        assertThat(Poll.readable(err, FakeFrontEnd.DEADLINE)).as("err").isTrue();
        assertThat(Poll.takeCount(err)).isEqualTo(1);
    }

    @Test
    void shouldSignalARingFaultOnceAndDoNothingMore() throws Exception {
        attach();
        shouldServe();
        driver.availIdx(1000);
        shouldBreak();
        driver.availIdx(2);
        EventFd.signal(kick);
        onLoop(() -> null);
        stop();
        assertThat(Poll.takeCount(err)).isZero();
        assertThat(driver.usedIdx()).isEqualTo(1);
    }

    @Test
    void shouldTellNothingMoreOfWhatWasInFlightWhenItBroke() throws Exception {
        attach();
        List<Held> held = holdEight();
        driver.availIdx(1000);
        shouldBreak();
        held.forEach(Held::release);
        stop();
        assertThat(driver.usedIdx()).isZero();
    }

    @Test
    void shouldBreakOverADeviceThatFails() throws Exception {
        attach();
        shouldServe();
        device.fail(true);
        try (LogWatch log = new LogWatch()) {
            offer();
            shouldBreak();
            assertThat(log.errors()).isNotEmpty();
        }
    }

    @Test
    void shouldListenToAnotherKick() throws Exception {
        attach();
        shouldServe();
        await(queue::detachKick);
        try (Fd other = EventFd.create()) {
            onLoop(() -> {
                queue.attachKick(other);
                return null;
            });
            int id = offer();
            EventFd.signal(other);
            assertThat(awaitUsed().id()).isEqualTo(id);
            await(queue::detachKick);
        }
        attach();
    }

    @Test
    void shouldCountWhatItDoes() throws Exception {
        attach();
        for (int i = 0; i < 3; i++) {
            shouldServe();
        }
        stop();
        assertThat(device.stats(0).chains()).isEqualTo(3);
        assertThat(device.stats(0).kicks()).isBetween(1L, 4L);
        assertThat(device.stats(0).calls()).isBetween(1L, 3L);
    }
}
