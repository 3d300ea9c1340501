package dev.ringside.vhostuser;

import dev.ringside.channel.FdChannel;
import dev.ringside.channel.Frame;
import dev.ringside.channel.SocketServer;
import dev.ringside.device.VirtioDevice;
import dev.ringside.fault.FaultLog;
import dev.ringside.fault.MessageFault;
import dev.ringside.fault.PeerFault;
import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import dev.ringside.loop.DeviceLoop;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One front-end's connection, from its first message until its queues are stopped and its memory unmapped. The last
 * handler of the connection's pipeline; runs on the session's loop.
 */
final class VhostUserSession extends SimpleChannelInboundHandler<Frame> implements SocketServer.Session {
    private static final Logger LOG = LoggerFactory.getLogger(VhostUserSession.class);

    private final VirtioDevice device;
    private final FdChannel channel;
    private final DeviceLoop loop;
    private final FaultLog faults;
    private final BackEnd backEnd;
    private final boolean inherited;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();

    /** The request being handled; later ones, and the end, wait for it. */
    private CompletableFuture<Reply> current = CompletableFuture.completedFuture(Reply.DONE);

    /**
     * @param channel whose pipeline this is going to be the last handler of
     * @param loop the session's own
     * @param vringLoops where queues run, one after the other
     * @param inherited whether another process has had the session: nothing is read, and no vring runs, before {@link
     *     #resume}
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
        this.backEnd = new BackEnd(device, loop, vringLoops, faults);
        this.inherited = inherited;
        if (inherited) {
            backEnd.hold();
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

    /** Tells the front-end of a changed config space, if it wants to know. */
    void configChanged() {
        backEnd.configChanged();
    }

    // ------------------------------------------------------------------------------------------ messages and replies

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
            handled = backEnd.handle(message, frame);
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
                && backEnd.acknowledges();
        frame.release();
        Reply reply;
        try {
            reply = handled.join();
        } catch (CompletionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            faults.warn(device.name(), "refused a request, " + reason(cause));
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

    private static String reason(Throwable cause) {
        return cause instanceof PeerFault || cause instanceof IOException
                ? String.valueOf(cause.getMessage())
                : cause.toString();
    }

    private static boolean hasOwnReply(long request) {
        RequestType type = RequestType.of(request);
        return type != null && type.hasOwnReply();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        faults.warn(device.name(), "connection ended, " + reason(cause));
        context.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        LOG.debug("{}: front-end gone", device.name());
        current.handle((reply, failure) -> reply)
                .thenComposeAsync(reply -> backEnd.end(), loop)
                .whenComplete((done, failure) -> {
                    if (failure != null) {
                        LOG.error("{}: queues did not stop cleanly", device.name(), failure);
                    }
                    ended.complete(null);
                });
    }

    // --------------------------------------------------------------------------------------- from process to process

    @Override
    public CompletableFuture<List<Frame>> describe() {
        return current.handle((reply, failure) -> reply).thenApplyAsync(reply -> describeBetweenMessages(), loop);
    }

    private List<Frame> describeBetweenMessages() {
        if (!channel.pause()) {
            throw new CompletionException(new IOException("a message is on its way"));
        }
        try {
            return backEnd.retell();
        } catch (LinuxException e) {
            channel.resume();
            throw new CompletionException(e);
        }
    }

    @Override
    public CompletableFuture<List<Frame>> suspend() {
        return backEnd.suspend();
    }

    @Override
    public Fd duplicate() throws LinuxException {
        return channel.duplicate();
    }

    @Override
    public CompletableFuture<?> resume() {
        // Like a message: whatever comes next, another suspend included, waits until the vrings run.
        current = backEnd.resume();
        return current.handleAsync(
                (done, failure) -> {
                    readAgain();
                    if (failure != null) {
                        Throwable cause = failure.getCause() == null ? failure : failure.getCause();
                        faults.warn(device.name(), "a queue does not go on, " + reason(cause));
                        // A ring that its driver has broken is no reason to give up the others.
                        if (cause instanceof IOException) {
                            throw new CompletionException(cause);
                        }
                    }
                    return done;
                },
                loop);
    }

    private void readAgain() {
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
                backEnd.loadState(frame);
                handled = CompletableFuture.completedFuture(null);
            } else {
                handled = backEnd.handle(MessageDecoder.decode(frame), frame);
            }
        } catch (MessageFault | RuntimeException e) {
            handled = CompletableFuture.failedFuture(e);
        }
        return handled.whenComplete((done, failure) -> frame.release());
    }
}
