package dev.ringside.vhostuser;

import static dev.ringside.vhostuser.ProtocolFeature.VHOST_F_LOG_ALL;

import dev.ringside.channel.Frame;
import dev.ringside.device.Feature;
import dev.ringside.device.NetworkDevice;
import dev.ringside.device.VirtioDevice;
import dev.ringside.fault.FaultLog;
import dev.ringside.fault.MessageFault;
import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.memory.DirtyLog;
import dev.ringside.memory.GuestMemory;
import dev.ringside.memory.Iotlb;
import dev.ringside.memory.MemoryRegion;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What a front-end has made of its back-end, message by message. Belongs to the session's loop; the next message is
 * handled when the reply to the last is there.
 */
final class BackEnd {
    private final VirtioDevice device;
    private final DeviceLoop loop;
    private final Negotiation negotiated;
    private final MemoryTable memoryTable = new MemoryTable();
    private final Translation translation;
    private final ConfigSpace configSpace;
    private final Logging logging;
    private final InflightTracking inflight;
    private final Vrings vrings;

    private long status;
    private @Nullable BackChannel backChannel;

    /**
     * @param loop the session's own
     * @param vringLoops where queues run, one after the other
     */
    BackEnd(VirtioDevice device, DeviceLoop loop, List<DeviceLoop> vringLoops, FaultLog faults) {
        this.device = device;
        this.loop = loop;
        this.negotiated = new Negotiation(device);
        this.translation = new Translation(negotiated, memoryTable, this::askForTranslation);
        this.configSpace = new ConfigSpace(device, negotiated, faults);
        this.logging = new Logging(negotiated);
        this.inflight = new InflightTracking(device, negotiated);
        this.vrings = new Vrings(device, loop, vringLoops, faults, negotiated, translation, logging, inflight);
    }

    boolean acknowledges() {
        return negotiated.has(ProtocolFeature.REPLY_ACK);
    }

    /** Tells the front-end of a changed config space, if it wants to know. */
    void configChanged() {
        if (backChannel != null && negotiated.has(ProtocolFeature.CONFIG)) {
            backChannel.configChanged();
        }
    }

    /**
     * Does what a message asks for.
     *
     * @param frame whose descriptors the message holds; those that are needed longer are taken out of it
     * @return the reply, when all is done
     */
    CompletableFuture<Reply> handle(Message message, Frame frame) throws MessageFault {
        return switch (message) {
            case Message.GetFeatures get -> now(new Reply.U64(negotiated.offeredFeatures()));
            case Message.SetFeatures set -> setFeatures(set.features());
            case Message.SetOwner set -> {
                negotiated.own();
                yield beginAnew();
            }
            case Message.ResetOwner reset -> vrings.whenAll(Vring::stop);
            case Message.SetMemTable set -> leaveMemory(memoryTable.replace(set.regions()));
            case Message.SetLogBase set -> {
                negotiated.need(ProtocolFeature.LOG_SHMFD, "SET_LOG_BASE");
                yield setLogBase(set);
            }
            case Message.SetLogFd set -> setLogFd(set, frame);
            case Message.SetVringNum set -> {
                vrings.at(set.index()).num(set.num());
                yield now(Reply.DONE);
            }
            case Message.SetVringAddr set -> {
                Vring vring = vrings.at(set.index());
                vring.address(set.address(), translation.memory());
                yield vring.logUsed(set.log(), set.logAddress()).thenApply(done -> Reply.DONE);
            }
            case Message.SetVringBase set -> {
                vrings.at(set.index()).base(set.base());
                yield now(Reply.DONE);
            }
            case Message.GetVringBase get -> getVringBase(get.index());
            case Message.SetVringKick set -> vrings.kick(set, frame);
            case Message.SetVringCall set -> {
                Vring vring = vrings.at(set.index());
                Vring.checkSignalled(set.fd());
                yield vring.call(keep(frame, set.fd())).thenApply(done -> Reply.DONE);
            }
            case Message.SetVringErr set -> {
                Vring vring = vrings.at(set.index());
                Vring.checkSignalled(set.fd());
                yield vring.err(keep(frame, set.fd())).thenApply(done -> Reply.DONE);
            }
            case Message.GetProtocolFeatures get -> now(new Reply.U64(negotiated.offeredProtocolFeatures()));
            case Message.SetProtocolFeatures set -> {
                negotiated.protocolFeatures(set.features());
                yield now(Reply.DONE);
            }
            case Message.GetQueueNum get -> now(new Reply.U64(queueNum()));
            case Message.SendRarp send -> {
                negotiated.need(ProtocolFeature.RARP, "SEND_RARP");
                networkDevice("SEND_RARP").announce(send.mac(), loop);
                yield now(Reply.DONE);
            }
            case Message.NetSetMtu set -> {
                negotiated.need(ProtocolFeature.NET_MTU, "NET_SET_MTU");
                networkDevice("NET_SET_MTU").mtu(set.mtu());
                yield now(Reply.DONE);
            }
            case Message.SetVringEnable set -> vrings.enable(set);
            case Message.SetBackendReqFd set -> setBackendReqFd(set, frame);
            case Message.IotlbUpdate update -> {
                negotiated.needTranslation("IOTLB update");
                translation.update(update);
                yield vrings.translated(update.address(), update.address() + update.size() - 1, update.access());
            }
            case Message.IotlbInvalidate invalidate -> {
                negotiated.needTranslation("IOTLB invalidation");
                yield invalidate(invalidate);
            }
            case Message.GetConfig get -> now(configSpace.get(get));
            case Message.SetConfig set -> {
                configSpace.set(set);
                inflight.keepState();
                yield now(Reply.DONE);
            }
            case Message.GetInflightFd get -> {
                negotiated.need(ProtocolFeature.INFLIGHT_SHMFD, "GET_INFLIGHT_FD");
                yield now(inflight.create(get.area()));
            }
            case Message.SetInflightFd set -> {
                negotiated.need(ProtocolFeature.INFLIGHT_SHMFD, "SET_INFLIGHT_FD");
                yield setInflightFd(set);
            }
            case Message.ResetDevice reset -> {
                negotiated.need(ProtocolFeature.RESET_DEVICE, "RESET_DEVICE");
                yield resetDevice();
            }
            case Message.GetMaxMemSlots get -> now(new Reply.U64(MemoryTable.MAX_SLOTS));
            case Message.AddMemReg add -> {
                negotiated.need(ProtocolFeature.CONFIGURE_MEM_SLOTS, "ADD_MEM_REG");
                memoryTable.add(add.region());
                GuestMemory memory = translation.memory();
                yield vrings.whenAll(vring -> vring.growMemory(memory));
            }
            case Message.RemMemReg remove -> {
                negotiated.need(ProtocolFeature.CONFIGURE_MEM_SLOTS, "REM_MEM_REG");
                yield leaveMemory(memoryTable.remove(remove.region()));
            }
            case Message.SetStatus set -> setStatus(set.status());
            case Message.GetStatus get -> now(new Reply.U64(status));
        };
    }

    private static CompletableFuture<Reply> now(Reply reply) {
        return CompletableFuture.completedFuture(reply);
    }

    private static @Nullable Fd keep(Frame frame, @Nullable Fd fd) {
        return fd == null ? null : frame.take(fd);
    }

    // ---------------------------------------------------------------------------------------------- features, device

    private CompletableFuture<Reply> setFeatures(long wanted) throws MessageFault {
        negotiated.checkOffered(wanted);
        if (vrings.anyRuns()) {
            return setLogging(wanted);
        }
        negotiated.features(wanted);
        translation.forget();
        vrings.takeFormat();
        if (negotiated.enablesVrings()) {
            return now(Reply.DONE);
        }
        return vrings.enableAll();
    }

    /** Front-ends that know the device type count as QEMU does; those that pass its config space on count vrings. */
    private long queueNum() {
        return negotiated.has(ProtocolFeature.CONFIG) ? vrings.count() : device.queueNum();
    }

    private NetworkDevice networkDevice(String request) throws MessageFault {
        if (device instanceof NetworkDevice network) {
            return network;
        }
        throw new MessageFault(request + " for a device that is no network device");
    }

    private CompletableFuture<Reply> setBackendReqFd(Message.SetBackendReqFd set, Frame frame) throws MessageFault {
        negotiated.need(ProtocolFeature.BACKEND_REQ, "SET_BACKEND_REQ_FD");
        BackChannel before = backChannel;
        try {
            backChannel = new BackChannel(loop, frame.take(set.fd()));
        } catch (LinuxException e) {
            throw new MessageFault("SET_BACKEND_REQ_FD: " + e.getMessage());
        }
        if (before != null) {
            before.close();
        }
        return now(Reply.DONE);
    }

    private CompletableFuture<Reply> setStatus(long value) throws MessageFault {
        negotiated.need(ProtocolFeature.STATUS, "SET_STATUS");
        if (value > 0xff || value < 0) {
            throw new MessageFault("SET_STATUS with %#x".formatted(value));
        }
        status = value;
        // Status 0 is the driver's reset (virtio 1.2 §2.1).
        return value == 0 ? vrings.whenAll(Vring::stop).thenApplyAsync(this::forgetDriver, loop) : now(Reply.DONE);
    }

    private Reply forgetDriver(Reply done) {
        device.reset();
        inflight.keepState();
        return done;
    }

    private CompletableFuture<Reply> resetDevice() {
        return vrings.whenAll(Vring::reset)
                .thenApplyAsync(
                        done -> {
                            negotiated.features(0);
                            translation.forget();
                            vrings.takeFormat();
                            status = 0;
                            inflight.forget();
                            return forgetDriver(done);
                        },
                        loop);
    }

    // -------------------------------------------------------------------------------------------------------- memory

    /**
     * A front-end may start over on the connection that it has: QEMU does when a device is unplugged and plugged in again,
     * and takes nothing back of the memory that it has shown.
     */
    private CompletableFuture<Reply> beginAnew() {
        if (memoryTable.isEmpty()) {
            return now(Reply.DONE);
        }
        return vrings.whenAll(Vring::reset)
                .thenApplyAsync(
                        done -> {
                            forgetMemory();
                            return done;
                        },
                        loop);
    }

    /** Unmaps all that the front-end has shared; no vring runs. */
    private void forgetMemory() {
        memoryTable.clear();
        translation.forget();
        inflight.forget();
        logging.forget();
    }

    /** Moves all queues to the present table, then unmaps regions of the one before. */
    private CompletableFuture<Reply> leaveMemory(List<MemoryRegion> regions) {
        GuestMemory memory = translation.memory();
        // On the session's loop, for unmapping a large guest takes a while; and also if a queue could not move: it has
        // drained all the same.
        return vrings.whenAll(vring -> vring.replaceMemory(memory))
                .whenCompleteAsync((done, failure) -> regions.forEach(MemoryRegion::close), loop);
    }

    /** On any loop: a queue's, or the session's own. */
    private void askForTranslation(Iotlb.Miss miss) {
        loop.execute(() -> {
            if (backChannel != null) {
                backChannel.iotlbMiss(miss);
            }
        });
    }

    /** Answered when nothing uses what was translated before: the guest may give the memory to something else then. */
    private CompletableFuture<Reply> invalidate(Message.IotlbInvalidate invalidate) {
        long first = translation.first(invalidate);
        long last = translation.last(invalidate);
        translation.invalidate(first, last);
        GuestMemory memory = translation.memory();
        return vrings.whenAll(vring -> vring.invalidated(first, last, memory));
    }

    // ------------------------------------------------------------------------------------------- recovery, migration

    private CompletableFuture<Reply> setInflightFd(Message.SetInflightFd set) throws MessageFault {
        if (vrings.anyRuns()) {
            throw new MessageFault("SET_INFLIGHT_FD while vrings run");
        }
        inflight.use(set);
        return now(Reply.DONE);
    }

    /** The one feature that comes and goes while vrings run. */
    private CompletableFuture<Reply> setLogging(long wanted) throws MessageFault {
        long before = negotiated.features();
        if ((wanted & ~VHOST_F_LOG_ALL) != (before & ~VHOST_F_LOG_ALL)) {
            throw new MessageFault("SET_FEATURES while vrings run");
        }
        if (Feature.has(wanted & ~before, VHOST_F_LOG_ALL) && !logging.hasBase()) {
            throw new MessageFault("VHOST_F_LOG_ALL before SET_LOG_BASE");
        }
        negotiated.features(wanted);
        return vrings.whenAll(vring -> vring.log(logging.active()));
    }

    private CompletableFuture<Reply> setLogFd(Message.SetLogFd set, Frame frame) throws MessageFault {
        Vring.checkSignalled(set.fd());
        Fd before = logging.signal(frame.take(set.fd()));
        return vrings.whenAll(vring -> vring.log(logging.active())).whenComplete((done, failure) -> {
            if (before != null) {
                before.close();
            }
        });
    }

    private CompletableFuture<Reply> setLogBase(Message.SetLogBase set) throws MessageFault {
        DirtyLog before = logging.replace(set);
        // Answered when nobody uses the one before: the front-end looks at that for a last time then.
        return vrings.whenAll(vring -> vring.log(logging.active()))
                .thenComposeAsync(
                        done -> {
                            if (before != null) {
                                before.close();
                            }
                            return vrings.runReady();
                        },
                        loop)
                .thenApply(done -> Reply.ACK);
    }

    // -------------------------------------------------------------------------------------------------------- vrings

    private CompletableFuture<Reply> getVringBase(long index) throws MessageFault {
        return vrings.at(index)
                .stop(inflight.mayLeave())
                .thenComposeAsync(
                        base -> {
                            inflight.stopped((int) index, base);
                            // The front-end may watch the IOMMU no more: QEMU does not for a device that stands still.
                            translation.forget();
                            return handOverIfMigrating().thenApply(done -> new Reply.VringState(index, base));
                        },
                        loop);
    }

    /** The last that a guest leaves behind when it migrates: stopped vrings, while the log is on. */
    private CompletableFuture<Void> handOverIfMigrating() {
        return logging.active() == null || vrings.anyRuns()
                ? CompletableFuture.completedFuture(null)
                : device.handOver(true);
    }

    // --------------------------------------------------------------------------------------- from process to process

    /**
     * What the front-end has said so far and still holds, in an order in which it can be said again; vrings may run
     * meanwhile.
     */
    List<Frame> retell() throws LinuxException {
        List<Frame> words = new ArrayList<>();
        long protocolFeatures = negotiated.protocolFeatures();
        if (negotiated.mayTranslate()) {
            // In the order in which translation is offered, and CONFIG not to everybody.
            words.add(Words.u64(RequestType.SET_PROTOCOL_FEATURES, protocolFeatures & ~ProtocolFeature.CONFIG));
        }
        if (negotiated.isOwned()) {
            words.add(Words.empty(RequestType.SET_OWNER));
        }
        words.add(Words.u64(RequestType.SET_PROTOCOL_FEATURES, protocolFeatures));
        words.add(Words.u64(RequestType.SET_FEATURES, negotiated.features()));
        if (status != 0) {
            words.add(Words.u64(RequestType.SET_STATUS, status));
        }
        if (negotiated.has(ProtocolFeature.CONFIGURE_MEM_SLOTS)) {
            memoryTable.descriptions().forEach(region -> words.add(Words.addMemReg(region)));
        } else if (!memoryTable.isEmpty()) {
            words.add(Words.memTable(memoryTable.descriptions()));
        }
        words.addAll(logging.retell());
        words.addAll(inflight.retell());
        if (backChannel != null) {
            words.add(backChannel.retell());
        }
        words.addAll(vrings.retell());
        return words;
    }

    /**
     * Comes to rest and gives up what only one process may have.
     *
     * @return what {@link #retell} did not know: where all has come to
     */
    CompletableFuture<List<Frame>> suspend() {
        return vrings.whenAll(Vring::pause)
                .thenCompose(done -> device.handOver(false))
                .thenApplyAsync(
                        done -> {
                            List<Frame> words = new ArrayList<>(vrings.bases());
                            words.add(Words.deviceState(device.saveState()));
                            return words;
                        },
                        loop);
    }

    /** Has no vring run before {@link #resume}: another process still serves the device. */
    void hold() {
        vrings.hold();
    }

    /** What {@link #suspend} has told of the device itself, in another process. */
    void loadState(Frame frame) throws MessageFault {
        byte[] state = new byte[frame.bytes().writerIndex() - VhostUserFraming.HEADER_BYTES];
        frame.bytes().getBytes(VhostUserFraming.HEADER_BYTES, state);
        device.loadState(state);
    }

    /** Goes on after {@link #suspend}; or begins, when all has been said again. */
    CompletableFuture<Reply> resume() {
        return vrings.release();
    }

    /** The front-end has gone: comes to rest, and lets all that it has shared go. On the session's loop. */
    CompletableFuture<Reply> end() {
        return vrings.whenAll(Vring::stop)
                .whenCompleteAsync(
                        (done, failure) -> {
                            vrings.close();
                            if (backChannel != null) {
                                backChannel.close();
                            }
                            forgetMemory();
                        },
                        loop);
    }
}
