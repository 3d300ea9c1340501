package dev.ringside.loop;

import dev.ringside.testing.EachEngine;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.ProcSelf;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.Parameter;

/** Tests of one loop, with each engine. In the end nothing of it is left. */
@EachEngine
abstract class OnLoop {
    @Parameter
    Engine engine;

    DeviceLoop loop;
    private ProcSelf before;

    @BeforeEach
    void startLoop() {
        before = ProcSelf.now();
        loop = DeviceLoop.start("loop-under-test", engine);
    }

    @AfterEach
    void shouldLeaveNothingBehind() {
        loop.close();
        ProcSelf.awaitNoMoreThan(before);
    }

    <T> T onLoop(Callable<T> task) throws Exception {
        return get(loop.call(task));
    }

    void run(Runnable task) throws Exception {
        onLoop(() -> {
            task.run();
            return null;
        });
    }

    static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(FakeFrontEnd.DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
    }

    static <T> T take(BlockingQueue<T> queue) throws InterruptedException {
        T taken = queue.poll(FakeFrontEnd.DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
        if (taken == null) {
            throw new AssertionError("nothing came within " + FakeFrontEnd.DEADLINE);
        }
        return taken;
    }
}
