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

    /** Messages read by one {@link #poll}, before the loop's other work gets its turn. */
    private static final int BUDGET = 64;

    private final DeviceLoop loop;
    private final UnixSocket socket;
    private final Framing framing;
    private final ChannelConfig config = new DefaultChannelConfig(this).setAutoRead(false);
    private boolean open = true;
    private @Nullable Watch watch;

    private boolean readRequested;
    private boolean polled;
    private boolean paused;
    private boolean polling;
    private long messages;
    private @Nullable ByteBuf incoming;
    private int incomingBytes;
    private List<Fd> incomingFds = new ArrayList<>();
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
        watch = loop.watch(socket.fd(), Interest.READ_WRITE, this::ready);
        promise.setSuccess();
    }

    private void ready() {
        if (open) {
            unsafe().flush();
        }
        readIfRequested();
    }

    @Override
    protected void doBeginRead() {
        if (!readRequested) {
            readRequested = true;
            // Not from within the handler that asked, whose call must return before the next message arrives; and one
            // message in a turn, so that a peer with many of them leaves time for others.
            // One that looks for messages itself finds it sooner.
            if (!polled && !polling) {
                loop.atEndOfTurn(this::readIfRequested);
            }
        }
    }

    /**
     * Says whether {@link #poll} is called in every turn, so that nothing else has to look. When that ends nothing is lost:
     * what has come since the last call makes the socket ready once more.
     */
    public void polled(boolean inEveryTurn) {
        polled = inEveryTurn;
    }

    /**
     * Reads without being told that there is something to read, for sessions that look for messages rather than sleep: as
     * many as are asked for one after the other, up to a limit. On the loop, and not from within a handler.
     *
     * @return whether there was any; one that was asked for and not read arrives by itself later
     */
    public boolean poll() {
        long before = messages;
        polling = true;
        try {
            long last;
            do {
                last = messages;
                readIfRequested();
            } while (messages != last && messages - before < BUDGET);
        } finally {
            polling = false;
        }
        if (readRequested && messages - before == BUDGET) {
            loop.atEndOfTurn(this::readIfRequested);
        }
        return messages != before;
    }

    /**
     * Reads no more until {@link #resume}, unless a message has arrived in part. On the loop.
     *
     * @return whether that is so
     */
    public boolean pause() {
        paused = incoming == null || incoming.writerIndex() == 0;
        return paused;
    }

    /** Reads again. */
    public void resume() {
        paused = false;
        readIfRequested();
    }

    /** One more descriptor of the connection. */
    public Fd duplicate() throws LinuxException {
        return socket.fd().duplicate();
    }

    /** Reads until a message is complete or nothing more has come. */
    private void readIfRequested() {
        try {
            while (readRequested && open && !paused) {
                if (!readSome()) {
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
        if (!open || incoming == null || incoming.writerIndex() == 0) {
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

    /** Reads once. Returns whether reading once more makes sense now. */
    private boolean readSome() throws MessageFault, IOException {
        ByteBuf buffer = incoming;
        if (buffer == null) {
            incomingBytes = framing.headerBytes();
            buffer = alloc().directBuffer(incomingBytes);
            incoming = buffer;
        }
        int missing = incomingBytes - buffer.writerIndex();
        int count =
                socket.receive(MemorySegment.ofBuffer(buffer.nioBuffer(buffer.writerIndex(), missing)), incomingFds);
        if (count == UnixSocket.WOULD_BLOCK) {
            if (buffer.writerIndex() > 0) {
                expectTheRest();
            }
            return false;
        }
        if (count == 0) {
            close();
            return false;
        }
        if (incomingFds.size() > framing.maxFds()) {
            throw new MessageFault(incomingFds.size() + " file descriptors in one message");
        }
        buffer.writerIndex(buffer.writerIndex() + count);
        if (buffer.writerIndex() == framing.headerBytes() && incomingBytes == framing.headerBytes()) {
            incomingBytes += framing.payloadBytes(buffer);
            buffer.ensureWritable(incomingBytes - framing.headerBytes());
        }
        if (buffer.writerIndex() == incomingBytes) {
            Frame frame = Frame.received(buffer, incomingFds);
            incoming = null;
            incomingFds = new ArrayList<>();
            readRequested = false;
            messages++;
            pipeline().fireChannelRead(frame);
            pipeline().fireChannelReadComplete();
            return false;
        }
        return true;
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer outbound) throws Exception {
        while (outbound.current() instanceof Frame frame) {
            ByteBuf bytes = frame.bytes();
            int sent = socket.send(MemorySegment.ofBuffer(bytes.nioBuffer()), fdsSent ? List.of() : frame.fds());
            if (sent == UnixSocket.WOULD_BLOCK) {
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
        incomingFds.forEach(Fd::close);
        incomingFds.clear();
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
