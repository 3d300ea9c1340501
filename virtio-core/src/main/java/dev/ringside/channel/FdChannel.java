package dev.ringside.channel;

import dev.ringside.fault.MessageFault;
import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.UnixSocket;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Interest;
import dev.ringside.loop.Watch;
import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A connected AF_UNIX stream socket as a Netty channel of {@link Frame}s. Made from a socket that is connected already
 * and registered with the loop that it was made for. An error of the socket or of the framing closes it.
 */
public final class FdChannel extends AbstractChannel {
    private static final ChannelMetadata METADATA = new ChannelMetadata(false);

    /** From a message's first byte to its last one: a peer sends it in one go, unless it means harm or stands still. */
    private static final long MESSAGE_SECONDS = 10;

    /** Messages read in one go, before the loop's other work gets its turn. */
    private static final int BUDGET = 32;

    private final DeviceLoop loop;
    private final UnixSocket socket;
    private final Framing framing;
    private final ChannelConfig config = new DefaultChannelConfig(this).setAutoRead(false);
    private boolean open = true;
    private @Nullable Watch watch;

    private boolean readRequested;
    private boolean paused;
    /** A handler is being told of messages, and asks for the next one from within. */
    private boolean reading;

    private long messages;
    /** What has been read and belongs to no message yet: part of a header, or more than one message. */
    private @Nullable ByteBuf ahead;
    /** Those that came with what was read last, and so belong to the last message in there. */
    private final List<Fd> aheadFds = new ArrayList<>();
    /** The message whose header is known. */
    private @Nullable ByteBuf incoming;

    private int incomingBytes;
    private List<Fd> incomingFds = new ArrayList<>();
    /** The socket was empty at the last look, and the watch will tell when it no longer is. */
    private boolean drained;

    private boolean blocked;
    private boolean fdsSent;
    /** Somebody is going to look whether a message that has begun has come to its end. */
    private boolean timed;

    private volatile long messageTimeoutNanos = TimeUnit.SECONDS.toNanos(MESSAGE_SECONDS);

    /**
     * A channel that is not registered yet.
     *
     * @param loop where it is going to be registered
     * @param socket connected; taken over
     * @param framing of the protocol spoken on it
     */
    public FdChannel(DeviceLoop loop, UnixSocket socket, Framing framing) {
        super(null);
        this.loop = loop;
        this.socket = socket;
        this.framing = framing;
    }

    /**
     * Registers the channel with its loop, where {@code channelActive} follows. From any thread.
     *
     * @return fails, and the socket is closed, if the loop has ended
     */
    public ChannelFuture open() {
        EventLoop eventLoop = loop.eventLoop();
        return eventLoop.register(this);
    }

    @Override
    protected void doRegister(ChannelPromise promise) {
        watch = loop.watch(socket.fd(), Interest.READ, this::ready);
        promise.setSuccess();
    }

    private void ready() {
        if (blocked && open) {
            blocked = false;
            unsafe().flush();
        }
        drained = false;
        readMessages();
    }

    @Override
    protected void doBeginRead() {
        if (!readRequested) {
            readRequested = true;
            // Not from within the handler that asked, whose call must return before the next message arrives.
            if (!reading) {
                loop.atEndOfTurn(this::readMessages);
            }
        }
    }

    /**
     * Reads without being told that there is something to read, for sessions that look for messages rather than sleep. On
     * the loop, and not from within a handler.
     *
     * @return whether there was any message; one that was asked for and not read arrives by itself later
     */
    public boolean poll() {
        long before = messages;
        drained = false;
        readMessages();
        return messages != before;
    }

    /** Reads as many messages as there are and are asked for one after the other, up to a limit. */
    private void readMessages() {
        long before = messages;
        reading = true;
        try {
            long last;
            do {
                last = messages;
                readIfRequested();
            } while (messages != last && messages - before < BUDGET);
        } finally {
            reading = false;
        }
        if (readRequested && messages - before == BUDGET) {
            loop.atEndOfTurn(this::readMessages);
        }
    }

    /**
     * Reads no more until {@link #resume}, unless a message has arrived in part. On the loop.
     *
     * @return whether that is so
     */
    public boolean pause() {
        paused = !hasBegun();
        return paused;
    }

    /** Reads again. */
    public void resume() {
        paused = false;
        readMessages();
    }

    /** Whether part of a message has come, or more than has been handed over. */
    private boolean hasBegun() {
        return incoming != null || (ahead != null && ahead.isReadable());
    }

    /** One more descriptor of the connection. */
    public Fd duplicate() throws LinuxException {
        return socket.fd().duplicate();
    }

    /** Reads until a message is complete or nothing more has come. */
    private void readIfRequested() {
        try {
            while (readRequested && open && !paused) {
                if (takeMessage() || !receive()) {
                    return;
                }
            }
        } catch (MessageFault | IOException e) {
            pipeline().fireExceptionCaught(e);
            close();
        }
    }

    /** A peer may be silent between two messages for as long as it likes, but not within one. */
    private void expectTheRest() {
        if (!timed) {
            timed = true;
            long begun = messages;
            loop.schedule(() -> lookForTheRest(begun), messageTimeoutNanos, TimeUnit.NANOSECONDS);
        }
    }

    private void lookForTheRest(long begun) {
        timed = false;
        if (!open || !readRequested || !hasBegun()) {
            return;
        }
        if (messages == begun) {
            pipeline().fireExceptionCaught(new MessageFault("half a message, and no more for too long"));
            close();
        } else {
            expectTheRest();
        }
    }

    /** How long a message may take from its first byte to its last one; of those that begin from now on. */
    void messageTimeout(long nanos) {
        messageTimeoutNanos = nanos;
    }

    /** Hands over the next message, if all of it has come. */
    private boolean takeMessage() throws MessageFault {
        ByteBuf from = ahead;
        if (from == null) {
            return false;
        }
        ByteBuf message = incoming;
        if (message == null) {
            if (from.readableBytes() < framing.headerBytes()) {
                return false;
            }
            incomingBytes = framing.headerBytes() + framing.payloadBytes(from.slice());
            message = alloc().directBuffer(incomingBytes);
            incoming = message;
        }
        message.writeBytes(from, Math.min(from.readableBytes(), incomingBytes - message.writerIndex()));
        if (message.writerIndex() < incomingBytes) {
            return false;
        }
        if (!from.isReadable()) {
            takeDescriptors();
        }
        Frame frame = Frame.received(message, incomingFds);
        incoming = null;
        incomingFds = new ArrayList<>();
        readRequested = false;
        messages++;
        pipeline().fireChannelRead(frame);
        pipeline().fireChannelReadComplete();
        return true;
    }

    /** The message in work is the last one of what was read. */
    private void takeDescriptors() throws MessageFault {
        incomingFds.addAll(aheadFds);
        aheadFds.clear();
        if (incomingFds.size() > framing.maxFds()) {
            throw new MessageFault(incomingFds.size() + " file descriptors in one message");
        }
    }

    /** Reads once. Returns whether anything came. */
    private boolean receive() throws MessageFault, IOException {
        takeDescriptors();
        int count = drained ? UnixSocket.WOULD_BLOCK : receiveMessage();
        if (count == UnixSocket.WOULD_BLOCK) {
            drained = true;
            if (hasBegun()) {
                expectTheRest();
            }
            return false;
        }
        if (count == 0) {
            close();
            return false;
        }
        return true;
    }

    private int receiveMessage() throws LinuxException {
        ByteBuf message = incoming;
        if (message != null) {
            return receive(message, incomingBytes - message.writerIndex());
        }
        ByteBuf room = roomAhead();
        return receive(room, room.writableBytes());
    }

    private int receive(ByteBuf into, int bytes) throws LinuxException {
        int at = into.writerIndex();
        int count = socket.receive(MemorySegment.ofBuffer(into.nioBuffer(at, bytes)), aheadFds);
        if (count > 0) {
            into.writerIndex(at + count);
            drained = count < bytes && aheadFds.isEmpty() && watch != null && !watch.hasHungUp();
        }
        return count;
    }

    private ByteBuf roomAhead() {
        ByteBuf room = ahead;
        if (room == null) {
            int bytes = Math.max(framing.headerBytes(), framing.readAheadBytes());
            room = alloc().directBuffer(bytes, bytes);
            ahead = room;
        }
        return room.discardReadBytes();
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer outbound) throws Exception {
        while (outbound.current() instanceof Frame frame) {
            ByteBuf bytes = frame.bytes();
            int sent = socket.send(MemorySegment.ofBuffer(bytes.nioBuffer()), fdsSent ? List.of() : frame.fds());
            if (sent == UnixSocket.WOULD_BLOCK) {
                if (watch != null) {
                    blocked = true;
                    watch.awaitRoom();
                }
                return;
            }
            bytes.skipBytes(sent);
            fdsSent = bytes.isReadable();
            if (!bytes.isReadable()) {
                outbound.remove();
            }
        }
    }

    @Override
    protected Object filterOutboundMessage(Object message) {
        if (message instanceof Frame frame && frame.bytes().isDirect()) {
            return message;
        }
        throw new UnsupportedOperationException("not a frame of direct bytes: " + message.getClass());
    }

    @Override
    protected void doClose() {
        open = false;
        if (incoming != null) {
            incoming.release();
            incoming = null;
        }
        if (ahead != null) {
            ahead.release();
            ahead = null;
        }
        incomingFds.forEach(Fd::close);
        incomingFds.clear();
        aheadFds.forEach(Fd::close);
        aheadFds.clear();
        if (watch == null) {
            socket.close();
        } else {
            Watch ended = watch;
            watch = null;
            ended.close(socket::close);
        }
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new AbstractUnsafe() {
            @Override
            public void connect(SocketAddress remote, SocketAddress local, ChannelPromise promise) {
                promise.setFailure(new UnsupportedOperationException("connected already"));
            }
        };
    }

    @Override
    protected boolean isCompatible(EventLoop eventLoop) {
        return eventLoop.equals(loop.eventLoop());
    }

    @Override
    protected @Nullable SocketAddress localAddress0() {
        return null;
    }

    @Override
    protected @Nullable SocketAddress remoteAddress0() {
        return null;
    }

    @Override
    protected void doBind(SocketAddress localAddress) {
        throw new UnsupportedOperationException("connected already");
    }

    @Override
    protected void doDisconnect() {
        doClose();
    }

    @Override
    public ChannelConfig config() {
        return config;
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public boolean isActive() {
        return open;
    }

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }
}
