package dev.ringside.vhostuser;

import static dev.ringside.vhostuser.ProtocolFeature.VHOST_F_LOG_ALL;
import static dev.ringside.vhostuser.ProtocolFeature.VHOST_USER_F_PROTOCOL_FEATURES;

import dev.ringside.channel.FdChannel;
import dev.ringside.channel.Frame;
import dev.ringside.channel.SocketServer;
import dev.ringside.device.Feature;
import dev.ringside.device.NetworkDevice;
import dev.ringside.device.VirtioDevice;
import dev.ringside.fault.FaultLog;
import dev.ringside.fault.MessageFault;
import dev.ringside.fault.PeerFault;
import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.memory.DirtyLog;
import dev.ringside.memory.GuestMemory;
import dev.ringside.memory.MemoryRegion;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One front-end's connection, from its first message until its queues are stopped and its memory unmapped. The last
 * handler of the connection's pipeline; runs on the session's loop.
 */
final class VhostUserSession extends SimpleChannelInboundHandler<Frame> implements SocketServer.Session {
    private static final Logger LOG = LoggerFactory.getLogger(VhostUserSession.class);

    /** VHOST_USER_MAX_CONFIG_SIZE. */
    private static final int MAX_CONFIG_BYTES = 256;

    private final VirtioDevice device;
    private final FdChannel channel;
    private final DeviceLoop loop;
    private final FaultLog faults;
    private final Vring[] vrings;
    private final MemoryTable memoryTable = new MemoryTable();
    private final boolean inherited;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();

    private long features;
    private long protocolFeatures;
    private long status;
    private boolean owned;
    private @Nullable BackChannel backChannel;
    /** Where requests in flight are recorded, if the front-end wants that. */
    private @Nullable InflightArea inflight;
    /** What the front-end has given last; whether it is used, the features say. */
    private @Nullable DirtyLog log;
    /** The request being handled; later ones, and the end, wait for it. */
    private CompletableFuture<Reply> current = CompletableFuture.completedFuture(Reply.DONE);

    /**
     * @param channel whose pipeline this is going to be the last handler of
     * @param loop the session's own
     * @param vringLoops where queues run, one after the other
     * @param inherited whether another process has had the session: nothing is read before {@link #resume}
     */
    VhostUserSession(
            VirtioDevice device,
            FdChannel channel,
            DeviceLoop loop,
            List<DeviceLoop> vringLoops,
            FaultLog faults,
            boolean inherited) {
        super(false);
        this.device = device;
        this.channel = channel;
        this.loop = loop;
        this.faults = faults;
        this.inherited = inherited;
        this.vrings = new Vring[device.maxQueues()];
        for (int i = 0; i < vrings.length; i++) {
            vrings[i] = new Vring(device, i, vringLoops.get(device.group(i) % vringLoops.size()), faults);
        }
    }

    @Override
    public CompletableFuture<Void> ended() {
        return ended;
    }

    @Override
    public void close() {
        channel.close();
    }

    @Override
    public CompletableFuture<List<Frame>> suspend() {
        return current.handle((reply, failure) -> reply).thenComposeAsync(reply -> suspendBetweenMessages(), loop);
    }

    private CompletableFuture<List<Frame>> suspendBetweenMessages() {
        if (!channel.pause()) {
            return CompletableFuture.failedFuture(new IOException("a message is on its way"));
        }
        return whenAll(Vring::pause)
                .thenCompose(done -> device.handOver(false))
                .thenApplyAsync(done -> retell(), loop)
                .whenCompleteAsync(
                        (words, failure) -> {
                            if (failure != null) {
                                resume();
                            }
                        },
                        loop);
    }

    /** What the front-end has said so far and still holds, in an order in which it can be said again. */
    private List<Frame> retell() {
        List<Frame> words = new ArrayList<>();
        if (owned) {
            words.add(Words.empty(RequestType.SET_OWNER));
        }
        words.add(Words.u64(RequestType.SET_PROTOCOL_FEATURES, protocolFeatures));
        words.add(Words.u64(RequestType.SET_FEATURES, features));
        if (status != 0) {
            words.add(Words.u64(RequestType.SET_STATUS, status));
        }
        words.add(Words.deviceState(device.saveState()));
        if (Feature.has(protocolFeatures, ProtocolFeature.CONFIGURE_MEM_SLOTS)) {
            memoryTable.descriptions().forEach(region -> words.add(Words.addMemReg(region)));
        } else if (!memoryTable.isEmpty()) {
            words.add(Words.memTable(memoryTable.descriptions()));
        }
        if (log != null) {
            words.add(Words.logBase(log.size(), log.offset(), log.file()));
        }
        if (inflight != null) {
            words.add(inflight.retell());
        }
        if (backChannel != null) {
            try {
                words.add(backChannel.retell());
            } catch (LinuxException e) {
                throw new CompletionException(e);
            }
        }
        for (Vring vring : vrings) {
            words.addAll(vring.retell());
        }
        return words;
    }

    @Override
    public Fd duplicate() throws LinuxException {
        return channel.duplicate();
    }

    @Override
    public void resume() {
        // Like a message: whatever comes next, another suspend included, waits until the vrings run.
        current = whenAll(this::runIfReady);
        current.whenCompleteAsync(this::readAgain, loop);
    }

    private void readAgain(@Nullable Reply done, @Nullable Throwable failure) {
        if (failure != null) {
            faults.warn(device.name(), "a queue does not go on, " + describe(failure));
        }
        channel.resume();
        if (inherited) {
            channel.read();
        }
    }

    @Override
    public CompletableFuture<?> replay(Frame frame) {
        CompletableFuture<?> handled;
        try {
            if (VhostUserServer.request(frame) == Words.DEVICE_STATE) {
                byte[] state = new byte[frame.bytes().writerIndex() - VhostUserFraming.HEADER_BYTES];
                frame.bytes().getBytes(VhostUserFraming.HEADER_BYTES, state);
                device.loadState(state);
                handled = CompletableFuture.completedFuture(null);
            } else {
                handled = handle(MessageDecoder.decode(frame), frame);
            }
        } catch (MessageFault | RuntimeException e) {
            handled = CompletableFuture.failedFuture(e);
        }
        return handled.whenComplete((done, failure) -> frame.release());
    }

    /** Tells the front-end of a changed config space, if it wants to know. */
    void configChanged() {
        if (backChannel != null && Feature.has(protocolFeatures, ProtocolFeature.CONFIG)) {
            backChannel.configChanged();
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        LOG.debug("{}: front-end connected", device.name());
        if (!inherited) {
            device.reset();
            context.read();
        }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, Frame frame) {
        CompletableFuture<Reply> handled;
        try {
            Message message = MessageDecoder.decode(frame);
            LOG.trace("{}: {}", device.name(), message);
            handled = handle(message, frame);
        } catch (MessageFault e) {
            handled = CompletableFuture.failedFuture(e);
        } catch (RuntimeException | InternalError e) {
            // The latter is what the JVM makes of shared memory that the front-end has cut off.
            LOG.debug("{}: unexpected failure", device.name(), e);
            handled = CompletableFuture.failedFuture(e);
        }
        current = handled;
        if (handled.isDone()) {
            answer(context, frame, handled);
        } else {
            CompletableFuture<Reply> waitedFor = handled;
            handled.whenCompleteAsync((reply, failure) -> answer(context, frame, waitedFor), loop);
        }
    }

    private void answer(ChannelHandlerContext context, Frame frame, CompletableFuture<Reply> handled) {
        long request = frame.bytes().getUnsignedIntLE(0);
        boolean acknowledge = (frame.bytes().getIntLE(VhostUserFraming.FLAGS) & VhostUserFraming.FLAG_NEED_REPLY) != 0
                && Feature.has(protocolFeatures, ProtocolFeature.REPLY_ACK);
        frame.release();
        Reply reply;
        try {
            reply = handled.join();
        } catch (CompletionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            faults.warn(device.name(), "refused a request, " + describe(cause));
            // A request that has a reply of its own cannot be refused in it: what would a wrong value tell?
            if (!acknowledge || hasOwnReply(request)) {
                context.close();
                return;
            }
            reply = Reply.REFUSED;
        }
        if (reply.equals(Reply.DONE)) {
            if (!acknowledge) {
                context.read();
                return;
            }
            reply = Reply.ACK;
        }
        context.writeAndFlush(Reply.encode(context.alloc(), request, reply)).addListener(written -> {
            if (written.isSuccess()) {
                context.read();
            }
        });
    }

    private static String describe(Throwable cause) {
        return cause instanceof PeerFault || cause instanceof IOException
                ? String.valueOf(cause.getMessage())
                : cause.toString();
    }

    private static boolean hasOwnReply(long request) {
        RequestType type = RequestType.of(request);
        return type != null && type.hasOwnReply();
    }

    private CompletableFuture<Reply> handle(Message message, Frame frame) throws MessageFault {
        return switch (message) {
            case Message.GetFeatures get -> now(new Reply.U64(offeredFeatures()));
            case Message.SetFeatures set -> setFeatures(set.features());
            case Message.SetOwner set -> {
                owned = true;
                yield beginAnew();
            }
            case Message.ResetOwner reset -> whenAll(Vring::stop);
            case Message.SetMemTable set -> setMemTable(set);
            case Message.SetLogBase set -> {
                need(ProtocolFeature.LOG_SHMFD, "SET_LOG_BASE");
                yield setLogBase(set);
            }
            case Message.SetLogFd set -> {
                // May be used to tell the front-end of changes; the one that there is looks by itself.
                Vring.checkSignalled(set.fd());
                yield now(Reply.DONE);
            }
            case Message.SetVringNum set -> {
                vring(set.index()).num(set.num());
                yield now(Reply.DONE);
            }
            case Message.SetVringAddr set -> {
                Vring vring = vring(set.index());
                vring.address(set.address(), memoryTable.memory());
                yield vring.logUsed(set.log(), set.logAddress()).thenApply(done -> Reply.DONE);
            }
            case Message.SetVringBase set -> {
                vring(set.index()).base(set.base());
                yield now(Reply.DONE);
            }
            case Message.GetVringBase get -> getVringBase(get.index());
            case Message.SetVringKick set -> setVringKick(set, frame);
            case Message.SetVringCall set -> {
                Vring vring = vring(set.index());
                Vring.checkSignalled(set.fd());
                yield vring.call(keep(frame, set.fd())).thenApply(done -> Reply.DONE);
            }
            case Message.SetVringErr set -> {
                Vring vring = vring(set.index());
                Vring.checkSignalled(set.fd());
                yield vring.err(keep(frame, set.fd())).thenApply(done -> Reply.DONE);
            }
            case Message.GetProtocolFeatures get -> now(new Reply.U64(offeredProtocolFeatures()));
            case Message.SetProtocolFeatures set -> setProtocolFeatures(set.features());
            case Message.GetQueueNum get -> now(new Reply.U64(queueNum()));
            case Message.SendRarp send -> {
                need(ProtocolFeature.RARP, "SEND_RARP");
                networkDevice("SEND_RARP").announce(send.mac(), loop);
                yield now(Reply.DONE);
            }
            case Message.NetSetMtu set -> {
                need(ProtocolFeature.NET_MTU, "NET_SET_MTU");
                networkDevice("NET_SET_MTU").mtu(set.mtu());
                yield now(Reply.DONE);
            }
            case Message.SetVringEnable set -> setVringEnable(set);
            case Message.SetBackendReqFd set -> setBackendReqFd(set, frame);
            case Message.GetConfig get -> now(getConfig(get));
            case Message.SetConfig set -> {
                need(ProtocolFeature.CONFIG, "SET_CONFIG");
                device.writeConfig((int) set.offset(), set.bytes(), features);
                keepState();
                yield now(Reply.DONE);
            }
            case Message.GetInflightFd get -> {
                need(ProtocolFeature.INFLIGHT_SHMFD, "GET_INFLIGHT_FD");
                yield now(InflightArea.create(get.area(), isPacked(), vrings.length));
            }
            case Message.SetInflightFd set -> {
                need(ProtocolFeature.INFLIGHT_SHMFD, "SET_INFLIGHT_FD");
                yield now(setInflightFd(set));
            }
            case Message.ResetDevice reset -> {
                need(ProtocolFeature.RESET_DEVICE, "RESET_DEVICE");
                yield resetDevice();
            }
            case Message.GetMaxMemSlots get -> now(new Reply.U64(MemoryTable.MAX_SLOTS));
            case Message.AddMemReg add -> {
                need(ProtocolFeature.CONFIGURE_MEM_SLOTS, "ADD_MEM_REG");
                GuestMemory memory = memoryTable.add(add.region());
                yield whenAll(vring -> vring.growMemory(memory));
            }
            case Message.RemMemReg remove -> {
                need(ProtocolFeature.CONFIGURE_MEM_SLOTS, "REM_MEM_REG");
                yield leaveMemory(memoryTable.remove(remove.region()));
            }
            case Message.SetStatus set -> setStatus(set.status());
            case Message.GetStatus get -> now(new Reply.U64(status));
        };
    }

    private CompletableFuture<Reply> getVringBase(long index) throws MessageFault {
        return vring(index)
                .stop()
                .thenComposeAsync(
                        base -> {
                            if (inflight != null) {
                                inflight.stopped((int) index);
                            }
                            return handOverIfMigrating().thenApply(done -> new Reply.VringState(index, base));
                        },
                        loop);
    }

    /** The last that a guest leaves behind when it migrates: stopped vrings, while the log is on. */
    private CompletableFuture<Void> handOverIfMigrating() {
        return activeLog() == null || isRunning() ? CompletableFuture.completedFuture(null) : device.handOver(true);
    }

    private static CompletableFuture<Reply> now(Reply reply) {
        return CompletableFuture.completedFuture(reply);
    }

    private CompletableFuture<Reply> whenAll(Function<Vring, CompletableFuture<?>> work) {
        return CompletableFuture.allOf(Arrays.stream(vrings).map(work).toArray(CompletableFuture[]::new))
                .thenApply(done -> Reply.DONE);
    }

    private long offeredProtocolFeatures() {
        long offered =
                ProtocolFeature.OFFERED | (device.completesOutOfOrder() ? ProtocolFeature.OFFERED_FOR_OUT_OF_ORDER : 0);
        if (!(device instanceof NetworkDevice)) {
            return offered;
        }
        // QEMU has no use for a NIC's config space, and warns its user when it is offered. It asks before SET_OWNER;
        // those
        // that need the config space (User-Mode Linux, for one) ask after it.
        return (offered | ProtocolFeature.OFFERED_FOR_NET) & ~(owned ? 0 : ProtocolFeature.CONFIG);
    }

    /** Front-ends that know the device type count as QEMU does; those that pass its config space on count vrings. */
    private long queueNum() {
        return Feature.has(protocolFeatures, ProtocolFeature.CONFIG) ? vrings.length : device.queueNum();
    }

    private NetworkDevice networkDevice(String request) throws MessageFault {
        if (device instanceof NetworkDevice network) {
            return network;
        }
        throw new MessageFault(request + " for a device that is no network device");
    }

    /**
     * A front-end may start over on the connection that it has: QEMU does when a device is unplugged and plugged in again,
     * and takes nothing back of the memory that it has shown.
     */
    private CompletableFuture<Reply> beginAnew() {
        if (memoryTable.isEmpty()) {
            return now(Reply.DONE);
        }
        return whenAll(Vring::reset).thenApplyAsync(this::forgetMemory, loop);
    }

    /** Unmaps all that the front-end has shared; no vring runs. */
    private Reply forgetMemory(Reply done) {
        memoryTable.clear();
        forgetInflight();
        if (log != null) {
            log.close();
            log = null;
        }
        return done;
    }

    private void forgetInflight() {
        if (inflight != null) {
            inflight.close();
            inflight = null;
        }
    }

    private long offeredFeatures() {
        return device.features() | Feature.TRANSPORT | VHOST_USER_F_PROTOCOL_FEATURES | VHOST_F_LOG_ALL;
    }

    private CompletableFuture<Reply> setFeatures(long wanted) throws MessageFault {
        if ((wanted & ~offeredFeatures()) != 0) {
            throw new MessageFault("features %#x were not offered".formatted(wanted & ~offeredFeatures()));
        }
        if (isRunning()) {
            return setLogging(wanted);
        }
        features(wanted);
        if (Feature.has(wanted, VHOST_USER_F_PROTOCOL_FEATURES)) {
            return now(Reply.DONE);
        }
        // A front-end that knows no SET_VRING_ENABLE (vhost-user, "Ring states").
        for (Vring vring : vrings) {
            vring.enable(true);
        }
        return whenAll(this::runIfReady);
    }

    private void features(long negotiated) {
        features = negotiated;
        for (Vring vring : vrings) {
            vring.packed(isPacked());
        }
    }

    private boolean isPacked() {
        return Feature.has(features, Feature.RING_PACKED);
    }

    private boolean isRunning() {
        return Arrays.stream(vrings).anyMatch(Vring::isRunning);
    }

    /** The one feature that comes and goes while vrings run. */
    private CompletableFuture<Reply> setLogging(long wanted) throws MessageFault {
        if ((wanted & ~VHOST_F_LOG_ALL) != (features & ~VHOST_F_LOG_ALL)) {
            throw new MessageFault("SET_FEATURES while vrings run");
        }
        if (Feature.has(wanted & ~features, VHOST_F_LOG_ALL) && log == null) {
            throw new MessageFault("VHOST_F_LOG_ALL before SET_LOG_BASE");
        }
        features = wanted;
        return whenAll(vring -> vring.log(activeLog()));
    }

    /** Where writes to the guest's memory are to be marked now. */
    private @Nullable DirtyLog activeLog() {
        return Feature.has(features, VHOST_F_LOG_ALL) ? log : null;
    }

    /** A migrating front-end that starts a vring anew sends its log after that: until then the vring has to wait. */
    private boolean lacksLog(Vring vring) {
        return Feature.has(features, VHOST_F_LOG_ALL) && vring.logsUsed() && log == null;
    }

    private CompletableFuture<Reply> setLogBase(Message.SetLogBase set) throws MessageFault {
        DirtyLog before = log;
        log = DirtyLog.map(set.fd(), set.size(), set.offset());
        // Answered when nobody uses the one before: the front-end looks at that for a last time then.
        return whenAll(vring -> vring.log(activeLog()))
                .thenComposeAsync(
                        done -> {
                            if (before != null) {
                                before.close();
                            }
                            return whenAll(this::runIfReady);
                        },
                        loop)
                .thenApply(done -> Reply.ACK);
    }

    /** Where requests in flight are to be recorded now: a record of the other ring format would tell nothing. */
    private @Nullable InflightArea record() {
        return inflight != null && inflight.isPacked() == isPacked() ? inflight : null;
    }

    private Reply setInflightFd(Message.SetInflightFd set) throws MessageFault {
        if (isRunning()) {
            throw new MessageFault("SET_INFLIGHT_FD while vrings run");
        }
        InflightArea area = InflightArea.map(set.area(), set.fd(), isPacked(), vrings.length);
        forgetInflight();
        inflight = area;
        byte[] state = area.state();
        if (state != null) {
            device.loadState(state);
        }
        keepState();
        return Reply.DONE;
    }

    /** QEMU does not repeat the driver's settings to a back-end that comes back, so they are kept with its requests. */
    private void keepState() {
        if (inflight != null) {
            inflight.keepState(device.saveState());
        }
    }

    private CompletableFuture<Reply> setProtocolFeatures(long wanted) throws MessageFault {
        if ((wanted & ~offeredProtocolFeatures()) != 0) {
            throw new MessageFault(
                    "protocol features %#x were not offered".formatted(wanted & ~offeredProtocolFeatures()));
        }
        protocolFeatures = wanted;
        return now(Reply.DONE);
    }

    private void need(long protocolFeature, String request) throws MessageFault {
        if (!Feature.has(protocolFeatures, protocolFeature)) {
            throw new MessageFault(request + " without its protocol feature");
        }
    }

    private Vring vring(long index) throws MessageFault {
        if (index >= vrings.length) {
            throw new MessageFault("vring " + index + " of " + vrings.length);
        }
        return vrings[(int) index];
    }

    private CompletableFuture<Reply> setMemTable(Message.SetMemTable set) throws MessageFault {
        return leaveMemory(memoryTable.replace(set.regions()));
    }

    /** Moves all queues to the present table, then unmaps regions of the one before. */
    private CompletableFuture<Reply> leaveMemory(List<MemoryRegion> regions) {
        GuestMemory memory = memoryTable.memory();
        // On the session's loop, for unmapping a large guest takes a while; and also if a queue could not move: it has
        // drained all the same.
        return whenAll(vring -> vring.replaceMemory(memory))
                .whenCompleteAsync((done, failure) -> regions.forEach(MemoryRegion::close), loop);
    }

    private CompletableFuture<Reply> setVringKick(Message.SetVringKick set, Frame frame) throws MessageFault {
        Vring vring = vring(set.index());
        if (memoryTable.isEmpty()) {
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

    private CompletableFuture<Reply> setVringEnable(Message.SetVringEnable set) throws MessageFault {
        Vring vring = vring(set.index());
        vring.enable(set.enable());
        return vring.shouldRun() ? runIfReady(vring) : vring.pause().thenApply(base -> Reply.DONE);
    }

    private CompletableFuture<Reply> runIfReady(Vring vring) {
        if (vring.isRunning() || !vring.shouldRun() || lacksLog(vring)) {
            return now(Reply.DONE);
        }
        if (!isRunning()) {
            try {
                device.claim();
            } catch (IOException e) {
                return vring.refuse(e);
            }
        }
        return vring.run(memoryTable.memory(), features, record(), activeLog()).thenApply(done -> Reply.DONE);
    }

    private static @Nullable Fd keep(Frame frame, @Nullable Fd fd) {
        return fd == null ? null : frame.take(fd);
    }

    private CompletableFuture<Reply> setBackendReqFd(Message.SetBackendReqFd set, Frame frame) throws MessageFault {
        need(ProtocolFeature.BACKEND_REQ, "SET_BACKEND_REQ_FD");
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

    /** Bytes beyond the device's config space read as zero: front-ends ask for as much as they know of. */
    private Reply getConfig(Message.GetConfig get) throws MessageFault {
        need(ProtocolFeature.CONFIG, "GET_CONFIG");
        if (get.offset() + get.size() > MAX_CONFIG_BYTES) {
            faults.warn(device.name(), "refused GET_CONFIG of %d bytes at %d".formatted(get.size(), get.offset()));
            return new Reply.Config(get.offset(), get.flags(), new byte[0]);
        }
        byte[] all = Arrays.copyOf(device.config(), MAX_CONFIG_BYTES);
        return new Reply.Config(get.offset(), get.flags(), Arrays.copyOfRange(all, (int) get.offset(), (int)
                (get.offset() + get.size())));
    }

    private CompletableFuture<Reply> setStatus(long value) throws MessageFault {
        need(ProtocolFeature.STATUS, "SET_STATUS");
        if (value > 0xff || value < 0) {
            throw new MessageFault("SET_STATUS with %#x".formatted(value));
        }
        status = value;
        // Status 0 is the driver's reset (virtio 1.2 §2.1).
        return value == 0 ? whenAll(Vring::stop).thenApplyAsync(this::forgetDriver, loop) : now(Reply.DONE);
    }

    private Reply forgetDriver(Reply done) {
        device.reset();
        keepState();
        return done;
    }

    private CompletableFuture<Reply> resetDevice() {
        return whenAll(Vring::reset)
                .thenApplyAsync(
                        done -> {
                            features(0);
                            status = 0;
                            forgetInflight();
                            return forgetDriver(done);
                        },
                        loop);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        faults.warn(device.name(), "connection ended, " + describe(cause));
        context.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        LOG.debug("{}: front-end gone", device.name());
        current.handle((reply, failure) -> reply)
                .thenComposeAsync(reply -> whenAll(Vring::stop), loop)
                .whenCompleteAsync((done, failure) -> end(failure), loop);
    }

    private void end(@Nullable Throwable failure) {
        if (failure != null) {
            LOG.error("{}: queues did not stop cleanly", device.name(), failure);
        }
        for (Vring vring : vrings) {
            vring.close();
        }
        if (backChannel != null) {
            backChannel.close();
        }
        forgetMemory(Reply.DONE);
        ended.complete(null);
    }
}
