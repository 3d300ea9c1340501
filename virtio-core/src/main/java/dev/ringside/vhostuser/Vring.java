package dev.ringside.vhostuser;

import dev.ringside.channel.Frame;
import dev.ringside.device.RunningQueue;
import dev.ringside.device.VirtioDevice;
import dev.ringside.fault.FaultLog;
import dev.ringside.fault.MessageFault;
import dev.ringside.fault.RingFault;
import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.NonBlocking;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.memory.DirtyLog;
import dev.ringside.memory.GuestMemory;
import dev.ringside.memory.Iotlb;
import dev.ringside.queue.Virtqueue;
import dev.ringside.queue.VringAddress;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One vring as the front-end configures it. It is started by a kick descriptor and stopped by GET_VRING_BASE, enabled
 * and disabled by SET_VRING_ENABLE, each independently of the other; while it is both, a {@link RunningQueue} works on
 * its device loop (vhost-user, "Ring states"). This object belongs to the session's loop; results of what it asks of
 * the device loop are completed there, and the session takes them back.
 */
final class Vring {
    private static final Logger LOG = LoggerFactory.getLogger(Vring.class);

    private final VirtioDevice device;
    private final int index;
    private final DeviceLoop loop;
    private final FaultLog faults;

    private final VringLayout layout = new VringLayout();
    private @Nullable Fd kick;
    private @Nullable Fd call;
    private @Nullable Fd err;
    private boolean started;
    private boolean enabled;
    private @Nullable RunningQueue running;
    /** Whether requests in flight of the running queue are recorded. */
    private boolean recorded;

    /** What was asked for, before which the ring cannot be found. */
    private Iotlb.@Nullable Miss missing;

    private @Nullable DirtyLog log;
    private boolean logsUsed;
    private long usedLogAddress;

    Vring(VirtioDevice device, int index, DeviceLoop loop, FaultLog faults) {
        this.device = device;
        this.index = index;
        this.loop = loop;
        this.faults = faults;
    }

    boolean isRunning() {
        return running != null;
    }

    /** A vring runs when it is started and enabled, or would do no harm while disabled. */
    boolean shouldRun() {
        return started && (enabled || device.runsDisabled(index));
    }

    /** The ring's format, as negotiated. */
    void packed(boolean isPacked) {
        layout.packed(isPacked);
    }

    void num(long num) throws MessageFault {
        expectStopped("SET_VRING_NUM");
        layout.size(num);
    }

    void base(long value) throws MessageFault {
        expectStopped("SET_VRING_BASE");
        layout.base(value);
    }

    /** Where the rings lie. They are looked at now if there is memory to find them in, and again when they start. */
    void address(VringAddress value, GuestMemory memory) throws MessageFault {
        if (!value.equals(layout.address())) {
            expectStopped("SET_VRING_ADDR");
            layout.address(value, memory);
        }
    }

    /**
     * Whether the vring could run but for a translation of its ring, which has been asked for.
     *
     * @param features as negotiated
     */
    boolean awaitsTranslation(GuestMemory memory, long features) {
        if (missing == null) {
            missing = layout.missing(memory, features);
        }
        return missing != null;
    }

    /**
     * A translation has come.
     *
     * @return whether the vring does not run but waits for this one
     */
    boolean translated(long first, long last, int access) {
        RunningQueue queue = running;
        if (queue != null) {
            loop.execute(() -> queue.translated(first, last, access));
            return false;
        }
        Iotlb.Miss miss = missing;
        if (miss == null || !miss.isAnsweredBy(first, last, access)) {
            return false;
        }
        missing = null;
        return true;
    }

    /** Translations are gone; completed when a running queue uses none of them. */
    CompletableFuture<Void> invalidated(long first, long last, GuestMemory memory) {
        RunningQueue queue = running;
        if (queue == null) {
            return CompletableFuture.completedFuture(null);
        }
        return onLoop(() -> queue.invalidated(first, last, memory));
    }

    /**
     * Has writes to the used ring marked in the log as well, or no longer.
     *
     * @param address of the used ring in the log
     */
    CompletableFuture<Void> logUsed(boolean logged, long address) {
        if (logged == logsUsed && address == usedLogAddress) {
            return CompletableFuture.completedFuture(null);
        }
        logsUsed = logged;
        usedLogAddress = address;
        return log(log);
    }

    /**
     * Has writes to the guest's memory marked in a log from here on.
     *
     * @param activeLog {@code null} for nowhere
     * @return completed when the log before is no longer used
     */
    CompletableFuture<Void> log(@Nullable DirtyLog activeLog) {
        log = activeLog;
        RunningQueue queue = running;
        if (queue == null) {
            return CompletableFuture.completedFuture(null);
        }
        DirtyLog usedLog = usedLog();
        long usedAt = usedLogAddress;
        return CompletableFuture.runAsync(() -> queue.log(activeLog, usedLog, usedAt), loop);
    }

    /** Whether writes to the used ring are to be marked. */
    boolean logsUsed() {
        return logsUsed;
    }

    private @Nullable DirtyLog usedLog() {
        return logsUsed ? log : null;
    }

    private void expectStopped(String request) throws MessageFault {
        if (running != null) {
            throw new MessageFault(request + " for vring " + index + " while it runs");
        }
    }

    /**
     * Starts the vring, or kicks a running one from another descriptor on.
     *
     * @param fd taken over
     */
    CompletableFuture<Void> kick(Fd fd) {
        Fd before = kick;
        kick = fd;
        started = true;
        RunningQueue queue = running;
        if (queue == null || before == null) {
            closeIfPresent(before);
            return CompletableFuture.completedFuture(null);
        }
        return onLoop(queue::detachKick)
                .thenRunAsync(
                        () -> {
                            before.close();
                            queue.attachKick(fd);
                        },
                        loop);
    }

    /**
     * Calls the driver through another descriptor from here on.
     *
     * @param fd checked by {@link #checkSignalled}; taken over
     */
    CompletableFuture<Void> call(@Nullable Fd fd) {
        Fd before = call;
        call = fd;
        RunningQueue queue = running;
        if (queue == null) {
            closeIfPresent(before);
            return CompletableFuture.completedFuture(null);
        }
        return onLoop(() -> queue.call(fd)).thenRun(() -> closeIfPresent(before));
    }

    /**
     * Signals faults through another descriptor from here on.
     *
     * @param fd checked by {@link #checkSignalled}; taken over
     */
    CompletableFuture<Void> err(@Nullable Fd fd) {
        Fd before = err;
        err = fd;
        RunningQueue queue = running;
        if (queue == null) {
            closeIfPresent(before);
            return CompletableFuture.completedFuture(null);
        }
        return CompletableFuture.runAsync(
                () -> {
                    queue.err(fd);
                    closeIfPresent(before);
                },
                loop);
    }

    /**
     * Checks a descriptor that is going to be signalled, and makes it non-blocking.
     *
     * @throws MessageFault if it is nothing that can be signalled
     */
    static void checkSignalled(@Nullable Fd fd) throws MessageFault {
        if (fd == null) {
            return;
        }
        if (!EventFd.isSignallable(fd)) {
            throw new MessageFault("descriptor of a vring is not an eventfd");
        }
        try {
            NonBlocking.set(fd);
        } catch (LinuxException e) {
            throw new MessageFault("descriptor of a vring refused, " + e.getMessage());
        }
    }

    /**
     * Enables or disables; the session makes it run or pause where it does not go on running.
     *
     * @return completed when a running queue knows: the front-end that is told so may kick at once
     */
    CompletableFuture<Void> enable(boolean enable) {
        enabled = enable;
        RunningQueue queue = running;
        if (queue == null) {
            return CompletableFuture.completedFuture(null);
        }
        return CompletableFuture.runAsync(() -> queue.enabled(enable), loop);
    }

    /**
     * Begins to run.
     *
     * @return completed when the ring has been looked at for the first time; exceptionally with a {@link RingFault} if
     *     it is malformed
     */
    CompletableFuture<Void> run(
            GuestMemory memory, long features, @Nullable InflightArea inflight, @Nullable DirtyLog activeLog) {
        Fd kickFd = kick;
        if (kickFd == null || !layout.isComplete()) {
            return CompletableFuture.failedFuture(
                    new RingFault(RingFault.Kind.SIZE, "vring " + index + " started before it was set up"));
        }
        Fd callFd = call;
        boolean isEnabled = enabled;
        Fd errFd = err;
        log = activeLog;
        DirtyLog usedLog = usedLog();
        long usedAt = usedLogAddress;
        MemorySegment record = inflight == null ? null : inflight.ofQueue(index);
        recorded = record != null;
        return loop.call(() -> {
                    Virtqueue queue = layout.virtqueue(features, memory, record);
                    LOG.debug(
                            "{} queue {}: runs from {} on, {} requests of an earlier back-end first",
                            device.name(),
                            index,
                            "%#x".formatted(queue.base()),
                            queue.resubmissions());
                    RunningQueue made = new RunningQueue(loop, index, device, features, queue, faults);
                    try {
                        made.enabled(isEnabled);
                        made.call(callFd);
                        made.err(errFd);
                        made.log(activeLog, usedLog, usedAt);
                        made.attachKick(kickFd);
                        made.callIfOwed();
                        return CompletableFuture.completedFuture(made);
                    } catch (RuntimeException | InternalError e) {
                        // The latter may be due to memory that was looked at before, and that has gone. Nobody knows
                        // this queue but its loop, which has to have forgotten it when the memory is unmapped.
                        return made.stop().<RunningQueue>handle((base, failure) -> {
                            throw new CompletionException(e);
                        });
                    }
                })
                .thenCompose(made -> made)
                .handle((made, failure) -> {
                    running = made;
                    if (failure != null) {
                        if (errFd != null) {
                            EventFd.signal(errFd);
                        }
                        throw failure instanceof CompletionException wrapped
                                ? wrapped
                                : new CompletionException(failure);
                    }
                    return null;
                });
    }

    /** Does not run, for a reason of the host's that the front-end is told of. */
    <T> CompletableFuture<T> refuse(IOException reason) {
        if (err != null) {
            EventFd.signal(err);
        }
        return CompletableFuture.failedFuture(reason);
    }

    /**
     * Pauses: drains and remembers where to go on.
     *
     * @return the base to resume from
     */
    CompletableFuture<Integer> pause() {
        return pause(false);
    }

    /**
     * The same.
     *
     * @param mayLeave whether requests may stay in flight that need not be done here, if they are recorded
     */
    CompletableFuture<Integer> pause(boolean mayLeave) {
        RunningQueue queue = running;
        if (queue == null) {
            return CompletableFuture.completedFuture(layout.base());
        }
        return onLoop(mayLeave && recorded ? queue::leave : queue::stop).thenApply(next -> {
            running = null;
            layout.reached(next);
            return next;
        });
    }

    /**
     * Stops: drains, and needs another kick descriptor to start again.
     *
     * @return the base to resume from
     */
    CompletableFuture<Integer> stop() {
        return stop(false);
    }

    /**
     * The same.
     *
     * @param mayLeave as for {@link #pause(boolean)}
     */
    CompletableFuture<Integer> stop(boolean mayLeave) {
        return pause(mayLeave).thenApply(next -> {
            Fd fd = kick;
            kick = null;
            started = false;
            missing = null;
            if (fd != null) {
                // The watch never reads the counter; a kick left in it must not look new to the front-end.
                EventFd.drain(fd);
                fd.close();
            }
            return next;
        });
    }

    /** As after SET_OWNER, except that descriptors for calls and errors stay. */
    CompletableFuture<Void> reset() {
        return stop().thenAccept(next -> {
            enabled = false;
            layout.reset();
        });
    }

    /** Moves a running queue to a memory table that has all the regions of the one before. */
    CompletableFuture<Void> growMemory(GuestMemory memory) {
        RunningQueue queue = running;
        if (queue == null) {
            return CompletableFuture.completedFuture(null);
        }
        if (memory.iotlb() != null) {
            return replaceMemory(memory);
        }
        return CompletableFuture.runAsync(() -> queue.growMemory(memory), loop);
    }

    /** Moves a running queue to another memory table; completed when it uses nothing of the one before. */
    CompletableFuture<Void> replaceMemory(GuestMemory memory) {
        RunningQueue queue = running;
        if (queue == null) {
            return CompletableFuture.completedFuture(null);
        }
        return onLoop(() -> queue.replaceMemory(memory));
    }

    /** What the front-end has said of this vring, but for the base. */
    List<Frame> retell() {
        List<Frame> words = new ArrayList<>();
        if (layout.size() != 0) {
            words.add(Words.vringState(RequestType.SET_VRING_NUM, index, layout.size()));
        }
        VringAddress address = layout.address();
        if (address != null) {
            words.add(Words.vringAddr(index, address, logsUsed, usedLogAddress));
        }
        if (call != null) {
            words.add(Words.vringFd(RequestType.SET_VRING_CALL, index, call));
        }
        if (err != null) {
            words.add(Words.vringFd(RequestType.SET_VRING_ERR, index, err));
        }
        if (enabled) {
            words.add(Words.vringState(RequestType.SET_VRING_ENABLE, index, 1));
        }
        if (kick != null) {
            words.add(Words.vringFd(RequestType.SET_VRING_KICK, index, kick));
        }
        return words;
    }

    /** The base that this vring has come to, if it has one; it does not run. */
    Optional<Frame> retellBase() {
        return Optional.ofNullable(layout.knownBase())
                .map(reached -> Words.vringState(RequestType.SET_VRING_BASE, index, reached));
    }

    /** Closes what is left when the vring is stopped and the session over. */
    void close() {
        closeIfPresent(kick);
        closeIfPresent(call);
        closeIfPresent(err);
    }

    private <T> CompletableFuture<T> onLoop(Supplier<CompletableFuture<T>> work) {
        return CompletableFuture.supplyAsync(work, loop).thenCompose(result -> result);
    }

    private static void closeIfPresent(@Nullable Fd fd) {
        if (fd != null) {
            fd.close();
        }
    }
}
