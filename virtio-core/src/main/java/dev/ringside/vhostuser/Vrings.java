package dev.ringside.vhostuser;

import dev.ringside.channel.Frame;
import dev.ringside.device.VirtioDevice;
import dev.ringside.fault.FaultLog;
import dev.ringside.fault.MessageFault;
import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.memory.GuestMemory;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** All vrings of a session, and what those that run share: memory, features, the log, the record of what is in flight. */
final class Vrings {
    private final VirtioDevice device;
    private final DeviceLoop loop;
    private final Negotiation negotiated;
    private final Translation translation;
    private final Logging logging;
    private final InflightTracking inflight;
    private final Vring[] vrings;

    /** None begins to run: another process still serves them. */
    private boolean held;

    /**
     * @param loop the session's own
     * @param vringLoops where queues run, one after the other
     */
    Vrings(
            VirtioDevice device,
            DeviceLoop loop,
            List<DeviceLoop> vringLoops,
            FaultLog faults,
            Negotiation negotiated,
            Translation translation,
            Logging logging,
            InflightTracking inflight) {
        this.device = device;
        this.loop = loop;
        this.negotiated = negotiated;
        this.translation = translation;
        this.logging = logging;
        this.inflight = inflight;
        this.vrings = new Vring[device.maxQueues()];
        for (int i = 0; i < vrings.length; i++) {
            vrings[i] = new Vring(device, i, vringLoops.get(device.group(i) % vringLoops.size()), faults);
        }
    }

    int count() {
        return vrings.length;
    }

    /** @param index from the front-end */
    Vring at(long index) throws MessageFault {
        if (index >= vrings.length) {
            throw new MessageFault("vring " + index + " of " + vrings.length);
        }
        return vrings[(int) index];
    }

    /** Has none begin to run before {@link #release}, whatever the front-end says. */
    void hold() {
        held = true;
    }

    /** Runs those that should. */
    CompletableFuture<Reply> release() {
        held = false;
        return runReady();
    }

    boolean anyRuns() {
        return Arrays.stream(vrings).anyMatch(Vring::isRunning);
    }

    /** The rings' format is what has been negotiated. */
    void takeFormat() {
        for (Vring vring : vrings) {
            vring.packed(negotiated.isPacked());
        }
    }

    /** Where vrings are not enabled by messages: enables all, and runs those that are started. */
    CompletableFuture<Reply> enableAll() {
        return whenAll(vring -> vring.enable(true)).thenComposeAsync(done -> runReady(), loop);
    }

    /** Done when all vrings have done something. */
    CompletableFuture<Reply> whenAll(Function<Vring, CompletableFuture<?>> work) {
        return CompletableFuture.allOf(Arrays.stream(vrings).map(work).toArray(CompletableFuture[]::new))
                .thenApply(done -> Reply.DONE);
    }

    /** SET_VRING_KICK: starts a vring. */
    CompletableFuture<Reply> kick(Message.SetVringKick set, Frame frame) throws MessageFault {
        Vring vring = at(set.index());
        if (translation.isEmpty()) {
            throw new MessageFault("SET_VRING_KICK before any memory");
        }
        Fd fd = set.fd();
        if (fd == null) {
            throw new MessageFault("SET_VRING_KICK without an eventfd: vrings are not polled");
        }
        if (!EventFd.isEventFd(fd)) {
            throw new MessageFault("SET_VRING_KICK with a descriptor that is not an eventfd");
        }
        return vring.kick(frame.take(fd)).thenComposeAsync(done -> runIfReady(vring), loop);
    }

    /** SET_VRING_ENABLE. */
    CompletableFuture<Reply> enable(Message.SetVringEnable set) throws MessageFault {
        Vring vring = at(set.index());
        // QEMU disables a vring before it stops it: what may stay in flight there may do so here.
        return vring.enable(set.enable())
                .thenComposeAsync(
                        done -> vring.shouldRun()
                                ? runIfReady(vring)
                                : vring.pause(inflight.mayLeave()).thenApply(base -> Reply.DONE),
                        loop);
    }

    /** Runs those that the front-end has set up, started and enabled. */
    CompletableFuture<Reply> runReady() {
        return whenAll(this::runIfReady);
    }

    CompletableFuture<Reply> runIfReady(Vring vring) {
        GuestMemory memory = translation.memory();
        if (held
                || vring.isRunning()
                || !vring.shouldRun()
                || logging.isAwaitedBy(vring)
                || vring.awaitsTranslation(memory, negotiated.features())) {
            return CompletableFuture.completedFuture(Reply.DONE);
        }
        if (!anyRuns()) {
            try {
                device.claim();
            } catch (IOException e) {
                return vring.refuse(e);
            }
        }
        return vring.run(memory, negotiated.features(), inflight.active(), logging.active())
                .thenApply(done -> Reply.DONE);
    }

    /** A translation has come: those go on, or begin, that have missed it. */
    CompletableFuture<Reply> translated(long first, long last, int access) {
        return whenAll(vring ->
                vring.translated(first, last, access) ? runIfReady(vring) : CompletableFuture.completedFuture(null));
    }

    /** What the front-end has said of them. */
    List<Frame> retell() {
        return Arrays.stream(vrings).flatMap(vring -> vring.retell().stream()).toList();
    }

    /** Where they have come to; none runs. */
    List<Frame> bases() {
        return Arrays.stream(vrings)
                .flatMap(vring -> vring.retellBase().stream())
                .toList();
    }

    /** Closes what is left when all are stopped and the session is over. */
    void close() {
        for (Vring vring : vrings) {
            vring.close();
        }
    }
}
