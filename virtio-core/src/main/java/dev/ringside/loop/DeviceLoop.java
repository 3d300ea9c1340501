package dev.ringside.loop;

import dev.ringside.fault.FaultLog;
import dev.ringside.linux.Fd;
import io.netty.channel.IoEventLoop;
import io.netty.channel.ManualIoEventLoop;
import java.util.ArrayList;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that owns queues, sockets and files, and works in turns as the package's description says. Everything
 * except {@link #execute}, {@link #call}, {@link #schedule}, {@link #kind}, {@link #inLoop} and {@link #close} is for
 * the loop's own thread.
 */
public final class DeviceLoop implements Executor, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DeviceLoop.class);
    private static final long SHUTDOWN_MILLIS = 100;
    /** Tasks may hand over more tasks, and other threads as well: I/O and queues get their turn after so long. */
    private static final long TASK_NANOS = 1_000_000;

    private final Thread thread;
    private final ManualIoEventLoop eventLoop;
    private final Engine kind;
    private final IoEngine engine;
    private final PollBudget budget;
    private final FaultLog faults = new FaultLog(LOG);
    private final ArrayList<Pollable> attached = new ArrayList<>();
    private final ArrayList<Pollable> active = new ArrayList<>();
    private ArrayList<Runnable> endOfTurn = new ArrayList<>();
    private ArrayList<Runnable> endingTurn = new ArrayList<>();
    /** How many of these have run. */
    private int ended;
    /** The last turn did not come to its end. */
    private boolean interrupted;

    private DeviceLoop(String name, Engine kind, long pollNanos) {
        budget = new PollBudget(pollNanos);
        thread = Thread.ofPlatform().name(name).daemon().unstarted(this::run);
        eventLoop = new ManualIoEventLoop(thread, kind.handlerFactory());
        this.kind = kind;
        engine = kind.create(this);
    }

    /**
     * Starts a loop.
     *
     * @param name of its thread
     * @param kind how it does I/O; must be available here
     */
    public static DeviceLoop start(String name, Engine kind) {
        return start(name, kind, 0);
    }

    /**
     * Starts a loop that looks for work for a while before it sleeps.
     *
     * @param name of its thread
     * @param kind how it does I/O; must be available here
     * @param pollNanos the longest that it looks; it learns whether that pays, see {@link PollBudget}
     */
    public static DeviceLoop start(String name, Engine kind, long pollNanos) {
        DeviceLoop loop = new DeviceLoop(name, kind, pollNanos);
        loop.thread.start();
        return loop;
    }

    /**
     * Turn after turn. That shared memory has vanished the JVM reports some time after the access, wherever the thread has
     * come to by then: between two turns as well.
     */
    private void run() {
        while (!eventLoop.isTerminated()) {
            try {
                while (!eventLoop.isTerminated()) {
                    turn();
                }
            } catch (Throwable e) {
                // Whatever one device did wrong, the loop's other devices go on. No guest's memory is touched in here,
                // so
                // that nothing more is on its way.
                interrupted = true;
                unexpected(e);
            }
        }
    }

    private void turn() {
        if (interrupted) {
            // Events that were not handled any more are made up for by looking at every queue.
            attached.forEach(Pollable::wake);
            interrupted = false;
        }
        boolean worked = runEvents();
        // What I/O has finished is told before more is begun: the driver works meanwhile.
        endTurn();
        worked |= pollActive();
        endTurn();
        if (worked) {
            budget.worked();
        } else if (budget.isSpent()) {
            armActive();
        } else {
            letOthersRun();
        }
    }

    /** Looking for work must not keep whoever is going to make it from this processor. */
    @SuppressWarnings("ThreadPriorityCheck") // nothing here relies on what the scheduler makes of it
    private static void letOthersRun() {
        Thread.yield();
    }

    /** I/O and tasks, after a sleep if there is nothing to do. Returns whether there was any. */
    private boolean runEvents() {
        if (!active.isEmpty() || !endOfTurn.isEmpty() || !endingTurn.isEmpty()) {
            return eventLoop.runNow(TASK_NANOS) > 0;
        }
        if (budget.isUsed()) {
            long before = System.nanoTime();
            eventLoop.run(0, TASK_NANOS);
            budget.slept(System.nanoTime() - before);
        } else {
            eventLoop.run(0, TASK_NANOS);
        }
        return true;
    }

    private boolean pollActive() {
        boolean worked = false;
        for (int i = 0; i < active.size(); i++) {
            try {
                worked |= active.get(i).poll();
            } catch (Throwable e) {
                unexpected(e);
            }
        }
        return worked;
    }

    private void armActive() {
        for (int i = active.size() - 1; i >= 0; i--) {
            try {
                if (active.get(i).arm()) {
                    active.remove(i);
                }
            } catch (Throwable e) {
                unexpected(e);
            }
        }
    }

    /** A task that was interrupted is run again, rather than one not at all. */
    private void endTurn() {
        if (endingTurn.isEmpty()) {
            ArrayList<Runnable> ending = endOfTurn;
            endOfTurn = endingTurn;
            endingTurn = ending;
        }
        while (ended < endingTurn.size()) {
            runSafely(endingTurn.get(ended));
            ended++;
        }
        endingTurn.clear();
        ended = 0;
    }

    private void runSafely(Runnable task) {
        try {
            task.run();
        } catch (Throwable e) {
            unexpected(e);
        }
    }

    /** A bug of ours, or a guest's vanished memory noticed late (the JVM may report that at any later point). */
    private void unexpected(Throwable failure) {
        if (failure instanceof InternalError) {
            faults.warn(thread.getName(), "shared memory vanished, " + failure.getMessage());
        } else {
            faults.error(thread.getName(), "unexpected failure, " + failure);
        }
        LOG.debug("{}: unexpected failure", thread.getName(), failure);
    }

    /** The Netty loop, for channels. */
    public IoEventLoop eventLoop() {
        return eventLoop;
    }

    /** How this loop does I/O: channels that are registered with it must be of the same kind. From any thread. */
    public Engine kind() {
        return kind;
    }

    /** Whether the caller is this loop's thread. */
    public boolean inLoop() {
        return Thread.currentThread() == thread;
    }

    /** Runs a task on the loop, soon, in the order of handing over. From any thread. */
    @Override
    public void execute(Runnable task) {
        eventLoop.execute(task);
    }

    /**
     * Runs a task on the loop and gives its result. From any thread.
     *
     * @return completed on the loop's thread, exceptionally if the task throws
     */
    public <T> CompletableFuture<T> call(Callable<T> task) {
        CompletableFuture<T> result = new CompletableFuture<>();
        eventLoop.execute(() -> {
            try {
                result.complete(task.call());
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }

    /** Runs a task on the loop after a while. From any thread. */
    public void schedule(Runnable task, long delay, TimeUnit unit) {
        eventLoop.schedule(task, delay, unit);
    }

    /** Makes something known to the loop before it is activated for the first time. */
    public void attach(Pollable pollable) {
        attached.add(pollable);
    }

    /** Forgets it, whether it is active or not. */
    public void detach(Pollable pollable) {
        active.remove(pollable);
        attached.remove(pollable);
    }

    /**
     * Polls something in this turn and the next ones, until the loop wants to sleep and it is armed.
     *
     * @param pollable attached, and not active now
     */
    public void activate(Pollable pollable) {
        active.add(pollable);
    }

    /** Polls something no more, whether it is active or not. */
    public void deactivate(Pollable pollable) {
        active.remove(pollable);
    }

    /**
     * Runs a task once when this turn's events and tasks have been handled. A task asked for while a turn ends
     * runs at the end of the next one. When a guest takes its memory away meanwhile, it may run once more.
     */
    public void atEndOfTurn(Runnable task) {
        endOfTurn.add(task);
    }

    /**
     * Watches a descriptor for edges: {@code onReady} runs at least once after each time that the descriptor becomes
     * ready, and need not consume anything. It runs once at the beginning if the descriptor is ready by then.
     *
     * @param fd borrowed; stays open until the watch says that it is released
     * @param interest what to be ready for
     * @param onReady runs on the loop; must not throw
     */
    public Watch watch(Fd fd, Interest interest, Runnable onReady) {
        return engine.watch(fd, interest, onReady);
    }

    /**
     * Prepares to signal an eventfd.
     *
     * @param fd borrowed; stays open until the notifier says that it is released
     */
    public Notifier notifier(Fd fd) {
        return engine.notifier(fd);
    }

    /**
     * Opens a file of the host for asynchronous I/O on raw addresses.
     *
     * @param fd borrowed; stays open until the file is closed and its I/O has finished
     * @param completion told of each finished operation, on the loop
     */
    public AsyncFile file(Fd fd, AsyncFile.Completion completion) {
        return engine.file(fd, completion);
    }

    /**
     * Ends the loop and waits until it is gone. Whatever still runs on it is given up: the caller has stopped its
     * devices before.
     */
    @Override
    public void close() {
        eventLoop.shutdownGracefully(0, SHUTDOWN_MILLIS, TimeUnit.MILLISECONDS);
        try {
            thread.join(2 * SHUTDOWN_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        engine.close();
    }

    @Override
    public String toString() {
        return thread.getName();
    }
}
