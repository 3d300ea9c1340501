package dev.ringside.device;

import dev.ringside.fault.ChainFault;
import dev.ringside.fault.FaultLog;
import dev.ringside.fault.RingFault;
import dev.ringside.linux.Fd;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Pollable;
import dev.ringside.memory.DirtyLog;
import dev.ringside.memory.GuestMemory;
import dev.ringside.queue.DescriptorChain;
import dev.ringside.queue.Virtqueue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A virtqueue at work: from the moment that its driver may kick it until every chain taken from it is completed.
 * Everything here runs on one loop, the queue's owner.
 *
 * <pre>
 *   armed --- kick, kicks disarmed ---> active: the loop polls; chains are taken, the handler works
 *     ^                                    |
 *     +--- kicks armed, nothing came ------+ when the loop runs out of work
 *
 *   complete -> push; end of turn -> publish used_idx once -> call the driver if it asked for it
 * </pre>
 *
 * <p>A ring fault breaks the queue: it takes no more chains and tells its driver nothing more, but still counts the
 * chains in flight down, so that stopping it stays possible.
 */
public final class RunningQueue implements QueueContext, Pollable {
    private static final Logger LOG = LoggerFactory.getLogger(RunningQueue.class);

    /** Chains taken in one go, before the loop's other queues get their turn: at least, and at most. */
    private static final int BUDGET = 16;

    private static final int MOST_IN_A_TURN = 64;

    /** A driver may lose a page once, not all the time. */
    private static final int MAX_MEMORY_ERRORS = 64;

    private final DeviceLoop loop;
    private final int index;
    private final String name;
    private final Virtqueue queue;
    private final QueueHandler handler;
    /** The handler again, if it takes chains by itself. */
    private final @Nullable DemandHandler demand;

    private final FaultLog faults;
    private final QueueStats stats;

    private final QueueSignals signals;
    private final QueueMemory memory;
    private final ChainPool chains;

    /** A malformed chain behind those that a {@link DemandHandler} took last: rejected in its turn, with the next ones. */
    private @Nullable DescriptorChain malformed;

    /** Chains that stay in flight although this queue stops. */
    private int left;

    /** Where writes to buffers are marked. */
    private @Nullable DirtyLog log;

    /** Faults of memory that did not break the queue so far. */
    private int memoryErrors;

    /** The handler wanted a chain and there was none: a {@link DemandHandler} is polled and kicked for no other reason. */
    private boolean starved;

    private boolean enabled = true;
    private boolean broken;
    private boolean flushPending;
    /** The loop polls this queue; otherwise its driver has been asked to kick. */
    private boolean active;
    /** Completed when nothing is in flight; meanwhile no chain is taken. */
    private @Nullable CompletableFuture<Void> draining;

    /**
     * A queue that is ready to run, but not watching for kicks yet.
     *
     * @param loop the owner, whose thread is the caller
     * @param index of the queue in its device
     * @param device starts the handler
     * @param features as negotiated
     * @param queue the ring
     * @param faults where a guest's faults are logged
     */
    public RunningQueue(
            DeviceLoop loop, int index, VirtioDevice device, long features, Virtqueue queue, FaultLog faults) {
        this.loop = loop;
        this.index = index;
        this.name = device.name() + " queue " + index;
        this.queue = queue;
        this.faults = faults;
        this.stats = device.stats(index);
        this.signals = new QueueSignals(loop, stats);
        this.memory = new QueueMemory(queue);
        this.chains = new ChainPool(queue.size());
        this.handler = device.start(this, features);
        this.demand = handler instanceof DemandHandler taking ? taking : null;
    }

    @Override
    public int index() {
        return index;
    }

    @Override
    public int size() {
        return queue.size();
    }

    @Override
    public DeviceLoop loop() {
        return loop;
    }

    /**
     * Uses an eventfd for kicks from here on, and looks at the ring at once: a kick may have come before anybody
     * watched, and after a reconnection none may ever come.
     *
     * @param fd borrowed until {@link #detachKick} says that it is released
     */
    public void attachKick(Fd fd) {
        signals.attachKick(fd, this::wake);
        loop.attach(this);
        wake();
    }

    /**
     * Stops watching for kicks.
     *
     * @return completed when the kick eventfd may be closed
     */
    public CompletableFuture<Void> detachKick() {
        if (signals.hasKick()) {
            active = false;
            loop.detach(this);
        }
        return signals.detachKick();
    }

    /**
     * Calls the driver through another eventfd from here on; once at once, if the queue is at work already.
     *
     * @param fd borrowed until replaced; {@code null} for no calls
     * @return completed when the one before may be closed
     */
    public CompletableFuture<Void> call(@Nullable Fd fd) {
        CompletableFuture<Void> released = signals.replaceCall(fd);
        if (signals.hasKick()) {
            // The driver may have been called through the one before, where nobody listened any more: QEMU gives its
            // vrings an eventfd of its own first when it reconnects, and the guest's later.
            signals.call();
        }
        return released;
    }

    /** Whether the front-end has enabled the queue. */
    public void enabled(boolean enable) {
        enabled = enable;
    }

    @Override
    public boolean isEnabled() {
        return enabled;
    }

    /** Signals ring faults through this eventfd from here on; {@code null} for not at all. Borrowed until replaced. */
    public void err(@Nullable Fd fd) {
        signals.replaceErr(fd);
    }

    /**
     * Makes up for a call that an earlier device may have died before. A call too many does no harm, one too few leaves
     * the driver waiting for ever.
     */
    public void callIfOwed() {
        if (queue.mayOweCall()) {
            signals.call();
        }
    }

    /**
     * Marks what is written to the guest's memory in a log from here on.
     *
     * @param payload where the writes to buffers go, {@code null} for nowhere
     * @param used where those to the used ring go, {@code null} for nowhere
     * @param usedAddress of the used ring in that log, from the front-end
     */
    public void log(@Nullable DirtyLog payload, @Nullable DirtyLog used, long usedAddress) {
        log = payload;
        try {
            memory.log(used, usedAddress);
        } catch (InternalError e) {
            breakQueue(memoryFault(e));
        }
    }

    @Override
    public void wake() {
        if (active || !mayTake()) {
            return;
        }
        try {
            queue.disarmKicks();
            active = true;
            loop.activate(this);
        } catch (InternalError e) {
            breakQueue(memoryFault(e));
        }
    }

    @Override
    public boolean poll() {
        if (!mayTake()) {
            return false;
        }
        try {
            if (demand != null) {
                starved = false;
                return demand.available();
            }
            if (queue.isEmpty()) {
                return false;
            }
            // Half of what there is: the driver works on that half while we work on the other, and each call that wakes
            // it serves many.
            int budget = Math.clamp(queue.available() / 2, BUDGET, MOST_IN_A_TURN);
            while (budget > 0 && serveNext()) {
                budget--;
            }
            return true;
        } catch (RingFault e) {
            breakQueue(e);
        } catch (InternalError e) {
            breakIfMemoryIsGone(e);
            return true;
        } catch (RuntimeException e) {
            LOG.error("{}: unexpected failure", name, e);
            breakQueue(new RingFault(RingFault.Kind.DEVICE_FAILED, e.toString()));
        }
        return false;
    }

    @Override
    public boolean arm() {
        boolean wanted = demand == null || starved;
        if (wanted && mayTake()) {
            try {
                if (queue.armKicks()) {
                    queue.disarmKicks();
                    return false;
                }
            } catch (RingFault e) {
                breakQueue(e);
            } catch (InternalError e) {
                breakQueue(memoryFault(e));
            }
        }
        active = false;
        return true;
    }

    /** Whether chains may be taken now. */
    private boolean mayTake() {
        return !broken && draining == null && !memory.isIncomplete();
    }

    private boolean serveNext() throws RingFault {
        if (queue.isEmpty()) {
            return false;
        }
        DescriptorChain chain = chains.take();
        try {
            if (pollOrReject(chain)) {
                handler.handle(chain);
            }
        } catch (RingFault | InternalError | RuntimeException e) {
            settle(chain);
            throw e;
        }
        return !memory.isIncomplete();
    }

    @Override
    public int take(DescriptorChain[] to) {
        int taken = 0;
        // Bounded, for a driver may make malformed chains available as fast as they are rejected.
        for (int tries = 0; tries < to.length && mayTake(); tries++) {
            try {
                if (malformed != null) {
                    if (taken > 0) {
                        break; // Chains are used, and given back, in the order of the ring.
                    }
                    DescriptorChain rejected = malformed;
                    malformed = null;
                    handler.reject(rejected);
                }
                if (queue.isEmpty()) {
                    break;
                }
                DescriptorChain chain = takeNext();
                if (chain != null) {
                    to[taken++] = chain;
                }
            } catch (RingFault e) {
                breakQueue(e);
            } catch (InternalError e) {
                breakIfMemoryIsGone(e);
            }
        }
        if (taken == 0) {
            starved = true;
            wake();
        }
        return taken;
    }

    private @Nullable DescriptorChain takeNext() throws RingFault {
        DescriptorChain chain = chains.take();
        try {
            return pollOrReject(chain) ? chain : null;
        } catch (RingFault | InternalError | RuntimeException e) {
            if (chains.isTaken(chain)) {
                chains.recycle(chain);
            }
            throw e;
        }
    }

    @Override
    public void giveBack(DescriptorChain chain) {
        giveBackMalformed();
        queue.unpoll(chain);
        chains.recycle(chain);
    }

    private void giveBackMalformed() {
        if (malformed != null) {
            queue.unpoll(malformed);
            chains.recycle(malformed);
            malformed = null;
        }
    }

    @Override
    public void lookAgain() {
        wake();
    }

    @Override
    public void memoryGone(InternalError cause) {
        if (!broken) {
            breakIfMemoryIsGone(cause);
        }
    }

    /**
     * Takes the next chain, of which there is one. Returns whether it is well-formed; it has been rejected if not, or is
     * going to be, or is still available if a translation is missing.
     */
    private boolean pollOrReject(DescriptorChain chain) throws RingFault {
        try {
            if (!queue.poll(chain)) {
                memory.chainMissed();
                chains.recycle(chain);
                return false;
            }
            stats.chains.increment();
        } catch (ChainFault e) {
            stats.chains.increment();
            stats.rejected.increment();
            faults.warn(name, "rejected a chain, " + e.getMessage());
            if (demand == null) {
                handler.reject(chain);
            } else {
                malformed = chain;
            }
            return false;
        }
        return true;
    }

    /** Gives up a chain whose handling failed half-way, unless something is on its way that will complete it. */
    private void settle(DescriptorChain chain) {
        if (!chains.isTaken(chain) || !handler.abandon(chain)) {
            return;
        }
        try {
            handler.reject(chain);
        } catch (InternalError | RuntimeException e) {
            if (chains.isTaken(chain)) {
                chains.recycle(chain);
            }
        }
    }

    @Override
    public void complete(DescriptorChain chain, long written) {
        try {
            if (log != null) {
                // Of a broken queue as well: the memory is the guest's all the same.
                chain.markWritten(log, written);
            }
            if (!broken) {
                queue.push(chain, written);
            }
        } catch (InternalError e) {
            breakQueue(memoryFault(e));
        } finally {
            // Whatever has failed: a chain that stayed in flight would keep the queue from ever being stopped.
            chains.recycle(chain);
        }
        flushAtEndOfTurn();
    }

    private void flushAtEndOfTurn() {
        if (!flushPending) {
            flushPending = true;
            loop.atEndOfTurn(this::flush);
        }
    }

    @Override
    public void leave(DescriptorChain chain) {
        left++;
        chains.recycle(chain);
        flushAtEndOfTurn();
    }

    private void flush() {
        flushPending = false;
        publish();
        if (chains.inFlight() == 0 && draining != null) {
            draining.complete(null);
        }
    }

    private void publish() {
        if (broken || memory.isRingLost()) {
            return;
        }
        try {
            stats.batches.increment();
            if (queue.publish()) {
                signals.call();
            }
        } catch (InternalError e) {
            breakQueue(memoryFault(e));
        }
    }

    /**
     * Takes no more chains, and waits for those in flight. What they did is published.
     *
     * @return completed on this loop when nothing is in flight
     */
    private CompletableFuture<Void> drain() {
        // What was in flight before this device began belongs to what is in flight now.
        while (demand == null && queue.resubmissions() > 0 && poll()) {}
        return awaitCompletions();
    }

    private CompletableFuture<Void> awaitCompletions() {
        CompletableFuture<Void> drained = new CompletableFuture<>();
        draining = drained;
        giveBackMalformed();
        if (demand != null) {
            demand.giveBack();
        }
        leaveKicksOn();
        if (chains.inFlight() == 0) {
            publish();
            drained.complete(null);
        }
        return drained;
    }

    /** Whoever serves this ring next may never touch its flags. */
    private void leaveKicksOn() {
        if (active) {
            active = false;
            loop.deactivate(this);
        }
        if (!broken && !memory.isRingLost()) {
            try {
                queue.armKicks();
            } catch (RingFault e) {
                breakQueue(e);
            } catch (InternalError e) {
                breakQueue(memoryFault(e));
            }
        }
    }

    /**
     * Moves to a memory table that still has all the regions of the one before; chains in flight go on. Not for a device
     * behind an IOMMU, whose ring may have to be looked up anew.
     *
     * @param generation the next one
     */
    public void growMemory(GuestMemory generation) {
        rebind(generation);
    }

    /**
     * Moves to another memory table between two requests.
     *
     * @param generation the next one
     * @return completed when this queue uses nothing of the generation before
     */
    public CompletableFuture<Void> replaceMemory(GuestMemory generation) {
        return drain().thenRun(() -> {
            draining = null;
            rebind(generation);
            wake();
        });
    }

    /**
     * A translation has come, of a device behind an IOMMU.
     *
     * @param first I/O virtual address of its first byte
     * @param last and of its last one
     * @param access what the device may do there
     */
    public void translated(long first, long last, int access) {
        try {
            if (!broken && memory.translated(first, last, access)) {
                wake();
            }
        } catch (RingFault e) {
            breakQueue(e);
        } catch (InternalError e) {
            breakQueue(memoryFault(e));
        }
    }

    /**
     * Lets go of translations that are gone from the IOTLB: chains in flight that touch them are completed, and the ring is
     * looked up again if it does.
     *
     * @param first I/O virtual address of the first byte
     * @param last and of the last one
     * @param generation to find the ring in
     * @return completed when this queue uses none of them
     */
    public CompletableFuture<Void> invalidated(long first, long last, GuestMemory generation) {
        if (memory.ringTouches(first, last)) {
            return replaceMemory(generation);
        }
        if (chains.touches(first, last)) {
            return drain().thenRun(() -> {
                draining = null;
                wake();
            });
        }
        return CompletableFuture.completedFuture(null);
    }

    private void rebind(GuestMemory generation) {
        if (broken) {
            return;
        }
        try {
            memory.rebind(generation);
        } catch (RingFault e) {
            breakQueue(e);
        } catch (InternalError e) {
            breakQueue(memoryFault(e));
        }
    }

    /**
     * Stops for good: no more kicks, chains in flight are completed and published, the handler is closed.
     *
     * @return the base to resume from (GET_VRING_BASE), when all that is done
     */
    public CompletableFuture<Integer> stop() {
        return stopWhen(this::drain);
    }

    /**
     * Stops for good, but leaves chains in flight that need not be completed here, those of an earlier device among them.
     * They have to be recorded.
     *
     * @return the base to resume from, with that record, when nothing is on its way any more
     */
    public CompletableFuture<Integer> leave() {
        return stopWhen(() -> {
            left = queue.resubmissions();
            CompletableFuture<Void> done = awaitCompletions();
            handler.suspend();
            return done.thenRun(() -> LOG.debug("{}: stops with {} requests in flight", name, left));
        });
    }

    private CompletableFuture<Integer> stopWhen(Supplier<CompletableFuture<Void>> nothingIsOnItsWay) {
        return detachKick()
                .thenCombine(nothingIsOnItsWay.get(), (kickReleased, done) -> this)
                .thenCompose(drained -> call(null))
                .thenApply(callReleased -> {
                    handler.close();
                    return queue.base();
                });
    }

    private void breakQueue(RingFault fault) {
        broken = true;
        stats.ringFaults.increment();
        faults.warn(name, "stopped, " + fault.getMessage());
        signals.err();
    }

    /** The JVM reports a fault at some later point, perhaps while another queue of the loop is at work than its own. */
    private void breakIfMemoryIsGone(InternalError error) {
        if (memory.isRingLost()) {
            return; // This queue has touched nothing.
        }
        if (++memoryErrors == MAX_MEMORY_ERRORS) {
            breakQueue(memoryFault(error));
            return;
        }
        try {
            queue.armKicks();
            queue.disarmKicks();
            faults.warn(name, "memory of a request vanished, or of another queue, " + error.getMessage());
        } catch (RingFault e) {
            breakQueue(e);
        } catch (InternalError e) {
            breakQueue(memoryFault(e));
        }
    }

    private static RingFault memoryFault(InternalError cause) {
        return new RingFault(RingFault.Kind.MEMORY_GONE, String.valueOf(cause.getMessage()));
    }
}
