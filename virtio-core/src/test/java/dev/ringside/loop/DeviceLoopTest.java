package dev.ringside.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringside.memory.GuestAccess;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.LogWatch;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Tasks from elsewhere, turns, and what is polled. */
class DeviceLoopTest extends OnLoop {
    @Test
    void shouldRunTasksInTheirOrderOnItsOwnThread() throws Exception {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            int number = i;
            loop.execute(() -> order.add(loop.inLoop() ? number : -1));
        }
        run(() -> {});
        assertThat(loop.inLoop()).isFalse();
        assertThat(order).hasSize(1000).isSorted().doesNotContain(-1);
    }

    @Test
    void shouldGiveTheResultOfACall() throws Exception {
        assertThat(onLoop(() -> 42)).isEqualTo(42);
        assertThatThrownBy(() -> onLoop(() -> {
                    throw new IllegalArgumentException("no");
                }))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldGoOnAfterATaskThatFails() throws Exception {
        try (LogWatch log = new LogWatch()) {
            loop.execute(() -> {
                throw new IllegalStateException("a task with a bug");
            });
            CompletableFuture<String> next = new CompletableFuture<>();
            run(() -> {
                loop.atEndOfTurn(() -> {
                    throw new AssertionError("another one");
                });
                loop.atEndOfTurn(() -> next.complete("done"));
            });
            assertThat(get(next)).isEqualTo("done");
            assertThat(log.errors()).isNotEmpty();
            assertThat(onLoop(() -> 1)).isEqualTo(1);
        }
    }

    /** The JVM reports it late: while the loop does something else, and that at any place. */
    @Test
    void shouldGoOnWhereverItLearnsThatSharedMemoryHasVanished() throws Exception {
        try (LogWatch log = new LogWatch();
                FakeMemory memory = FakeMemory.of(1 << 12)) {
            MemorySegment shared = memory.regions().getFirst().mapping().memory();
            // Long enough to be compiled, and some more without memory.
            int vanishing = 300_000;
            int polls = vanishing + 2_000;
            CompletableFuture<Void> polled = new CompletableFuture<>();
            AtomicInteger ends = new AtomicInteger();
            run(() -> {
                Pollable touching = new Pollable() {
                    private int count;

                    @Override
                    public boolean poll() {
                        if (count++ == polls) {
                            loop.deactivate(this);
                            polled.complete(null);
                            return false;
                        }
                        if (count == vanishing) {
                            memory.regions().getFirst().truncate(0);
                        }
                        loop.atEndOfTurn(ends::incrementAndGet);
                        return GuestAccess.u32(shared, 0) >= 0;
                    }

                    @Override
                    public void wake() {
                        // It is active all the time.
                    }

                    @Override
                    public boolean arm() {
                        return false;
                    }
                };
                loop.attach(touching);
                loop.activate(touching);
            });
            get(polled);
            run(() -> {});
            assertThat(ends).hasValueGreaterThanOrEqualTo(polls);
            assertThat(log.errors()).isEmpty();
        }
    }

    @Test
    void shouldEndATurnAfterItsTasks() throws Exception {
        List<String> order = new ArrayList<>();
        CompletableFuture<Void> ended = new CompletableFuture<>();
        run(() -> {
            loop.atEndOfTurn(() -> order.add("first"));
            loop.atEndOfTurn(() -> order.add("second"));
            loop.atEndOfTurn(() -> ended.complete(null));
            order.add("task");
        });
        get(ended);
        assertThat(order).containsExactly("task", "first", "second");
    }

    /** And before it sleeps: nobody may have to wait for the next event. */
    @Test
    void shouldEndTheNextTurnWithATaskFromTheEndOfOne() throws Exception {
        CompletableFuture<String> done = new CompletableFuture<>();
        run(() -> loop.atEndOfTurn(() -> loop.atEndOfTurn(() -> loop.atEndOfTurn(() -> done.complete("done")))));
        assertThat(get(done)).isEqualTo("done");
    }

    @Test
    void shouldEndTheTurnThoughTasksHandOverMoreOfThem() throws Exception {
        CompletableFuture<String> done = new CompletableFuture<>();
        Runnable endless = new Runnable() {
            @Override
            public void run() {
                if (!done.isDone()) {
                    loop.execute(this);
                }
            }
        };
        run(() -> {
            loop.execute(endless);
            loop.atEndOfTurn(() -> done.complete("done"));
        });
        assertThat(get(done)).isEqualTo("done");
    }

    @Test
    void shouldRunATaskLater() throws Exception {
        CompletableFuture<String> done = new CompletableFuture<>();
        loop.schedule(() -> done.complete("done"), 1, TimeUnit.MILLISECONDS);
        assertThat(get(done)).isEqualTo("done");
    }

    @Test
    void shouldBearToBeClosedTwice() {
        loop.close();
        loop.close();
    }

    /** Has work for some polls, and then wants to be armed. */
    private static final class Work implements Pollable {
        private final CompletableFuture<Integer> armed = new CompletableFuture<>();
        private final int turns;
        private int polls;
        private int refusals;

        Work(int turns, int refusals) {
            this.turns = turns;
            this.refusals = refusals;
        }

        @Override
        public boolean poll() {
            return polls++ < turns;
        }

        @Override
        public void wake() {}

        @Override
        public boolean arm() {
            if (refusals-- > 0) {
                return false;
            }
            armed.complete(polls);
            return true;
        }
    }

    @Test
    void shouldPollWhatIsActiveUntilItHasNoMoreWork() throws Exception {
        Work work = new Work(100, 0);
        Work other = new Work(10, 0);
        run(() -> {
            loop.attach(work);
            loop.attach(other);
            loop.activate(work);
            loop.activate(other);
        });
        assertThat(get(work.armed)).isGreaterThan(100);
        assertThat(get(other.armed)).isGreaterThan(10);
        run(() -> {
            loop.detach(work);
            loop.detach(other);
        });
    }

    @Test
    void shouldGoOnPollingWhatRefusesToBeArmed() throws Exception {
        Work work = new Work(0, 5);
        run(() -> {
            loop.attach(work);
            loop.activate(work);
        });
        assertThat(get(work.armed)).isGreaterThanOrEqualTo(5);
        run(() -> loop.detach(work));
    }

    @Test
    void shouldPollNoMoreWhatIsDeactivated() throws Exception {
        Work work = new Work(Integer.MAX_VALUE, 0);
        run(() -> {
            loop.attach(work);
            loop.activate(work);
        });
        run(() -> loop.deactivate(work));
        int polls = onLoop(() -> work.polls);
        run(() -> {});
        run(() -> {});
        assertThat(onLoop(() -> work.polls)).isEqualTo(polls);
        run(() -> loop.detach(work));
    }

    @Test
    void shouldRunTasksWhileItPolls() throws Exception {
        Work work = new Work(Integer.MAX_VALUE, 0);
        run(() -> {
            loop.attach(work);
            loop.activate(work);
        });
        for (int i = 0; i < 100; i++) {
            assertThat(onLoop(() -> 1)).isEqualTo(1);
        }
        run(() -> loop.detach(work));
    }

    @Test
    void shouldPollOthersBesideOneThatFails() throws Exception {
        try (LogWatch log = new LogWatch()) {
            Pollable failing = new Pollable() {
                @Override
                public boolean poll() {
                    throw new IllegalStateException("a queue with a bug");
                }

                @Override
                public void wake() {}

                @Override
                public boolean arm() {
                    return false;
                }
            };
            Work work = new Work(10, 0);
            run(() -> {
                loop.activate(failing);
                loop.activate(work);
            });
            assertThat(get(work.armed)).isGreaterThan(10);
            run(() -> loop.deactivate(failing));
            assertThat(log.errors()).isNotEmpty();
        }
    }

    @Test
    void shouldEndWhileItPolls() throws Exception {
        DeviceLoop another = DeviceLoop.start("another-loop", engine, FakeFrontEnd.DEADLINE.toNanos());
        Work work = new Work(Integer.MAX_VALUE, 0);
        get(another.call(() -> {
            another.activate(work);
            return null;
        }));
        another.close();
        assertThat(another).hasToString("another-loop");
    }
}
