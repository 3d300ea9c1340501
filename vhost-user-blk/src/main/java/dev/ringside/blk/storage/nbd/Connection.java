package dev.ringside.blk.storage.nbd;

import dev.ringside.loop.DeviceLoop;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.DuplexChannel;
import java.io.FileNotFoundException;
import java.lang.foreign.MemorySegment;
import java.net.ConnectException;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection to the server, from connecting to its end; never reused. Everything happens on its loop. It knows
 * which commands are in flight, and no more: what becomes of them when it dies is its owner's business.
 *
 * <p>Messages are gathered in a buffer while a turn of the loop lasts and go out together. Data that is written is
 * copied into that buffer, so that guest memory may vanish and requests be given up while the kernel is still sending.
 */
final class Connection extends ChannelInboundHandlerAdapter implements Replies.Commands {
    /** Told what happens, on the loop. */
    interface Owner {
        /** The handshake is done, and commands may be sent. */
        void ready(Connection connection, Export export);

        /** A command was answered; its errno says how. It is the owner's again, and there is room for another. */
        void answered(Command command);

        /** The socket takes more again, after {@link #hasRoom} was false. */
        void roomAgain();

        /**
         * The connection has ended, other than by {@link Connection#end}.
         *
         * @param reason for the log
         */
        void lost(Connection connection, String reason);
    }

    /** Commands in flight on one connection; a server has its own limits for what it does at a time. */
    static final int MAX_COMMANDS = 1024;

    private static final int INDEX_BITS = 10;
    private static final int BUFFER_BYTES = 1 << 16;
    private static final int LOW_WATER_BYTES = 1 << 20;
    private static final int HIGH_WATER_BYTES = 4 << 20;
    private static final int TIMEOUT_SECONDS = 10;

    private final DeviceLoop loop;
    private final Owner owner;
    private final Handshake handshake;
    private final @Nullable Command[] commands = new @Nullable Command[MAX_COMMANDS];
    private final int[] free = new int[MAX_COMMANDS];
    private int freeCount = MAX_COMMANDS;
    private long sent;

    private @Nullable Channel channel;
    private @Nullable Replies replies;
    private @Nullable ByteBuf negotiated;
    private @Nullable ByteBuf out;
    private @Nullable MemorySegment outMemory;
    private boolean flushPending;
    private boolean connected;
    private boolean ended;

    private Connection(DeviceLoop loop, Owner owner, String exportName) {
        this.loop = loop;
        this.owner = owner;
        this.handshake = new Handshake(exportName);
        for (int i = 0; i < MAX_COMMANDS; i++) {
            free[i] = MAX_COMMANDS - 1 - i;
        }
    }

    /** Begins to connect; the owner is told later. On the loop. */
    static Connection open(DeviceLoop loop, NbdUri uri, SocketAddress address, Owner owner) {
        Connection connection = new Connection(loop, owner, uri.export());
        boolean unix = uri.socket() != null;
        Bootstrap bootstrap = new Bootstrap()
                .group(loop.eventLoop())
                .channelFactory(
                        () -> unix ? loop.kind().newUnixChannel() : loop.kind().newTcpChannel())
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) TimeUnit.SECONDS.toMillis(TIMEOUT_SECONDS))
                .option(
                        ChannelOption.WRITE_BUFFER_WATER_MARK,
                        new WriteBufferWaterMark(LOW_WATER_BYTES, HIGH_WATER_BYTES))
                .handler(connection);
        SocketOptions.apply(bootstrap, loop.kind(), unix);
        ChannelFuture connecting = bootstrap.connect(address);
        connection.channel = connecting.channel();
        connecting.addListener(future -> {
            if (!future.isSuccess()) {
                // Not before the caller knows this connection.
                loop.execute(() -> connection.fail(connectFailure(future.cause())));
            }
        });
        loop.schedule(connection::timeOut, TIMEOUT_SECONDS, TimeUnit.SECONDS);
        return connection;
    }

    private static String connectFailure(Throwable cause) {
        return switch (cause) {
            case FileNotFoundException e -> "there is no such socket";
            case ConnectTimeoutException e -> "no connection within " + TIMEOUT_SECONDS + " s";
            case ConnectException e when message(e).contains("Connection refused") -> "connection refused";
            default -> "no connection, " + message(cause);
        };
    }

    private static String message(Throwable cause) {
        String message = cause.getMessage();
        return message == null ? cause.getClass().getSimpleName() : message;
    }

    private void timeOut() {
        if (replies == null) {
            fail("no answer within " + TIMEOUT_SECONDS + " s");
        }
    }

    /** Whether the server has taken the connection, even if it said nothing on it. */
    boolean wasConnected() {
        return connected;
    }

    /** Whether one more command can be sent now. */
    boolean hasRoom() {
        return !ended && freeCount > 0 && channel != null && channel.isWritable();
    }

    /**
     * Sends a command, at the end of this turn at the latest. There must be room.
     *
     * @return whether that was possible; if not, the command has failed on its own account
     */
    boolean send(Command command) {
        int index = free[freeCount - 1];
        command.restart();
        ByteBuf to = buffer(Nbd.REQUEST_BYTES + command.outgoingBytes());
        int at = to.writerIndex();
        if (outMemory != null && command.outgoingBytes() > 0 && !command.copyData(outMemory, at + Nbd.REQUEST_BYTES)) {
            return false;
        }
        freeCount--;
        command.cookie = sent++ << INDEX_BITS | index;
        commands[index] = command;
        to.writeInt(Nbd.REQUEST_MAGIC).writeShort(command.flags()).writeShort(command.type());
        to.writeLong(command.cookie).writeLong(command.offset()).writeInt(command.bytes());
        to.writerIndex(at + Nbd.REQUEST_BYTES + command.outgoingBytes());
        return true;
    }

    /** The buffer that gathers this turn's messages, with room for so many more bytes. */
    private ByteBuf buffer(int bytes) {
        ByteBuf current = out;
        if (current != null && current.writableBytes() >= bytes) {
            return current;
        }
        writeOut();
        Channel to = requireChannel();
        ByteBuf next = to.alloc().directBuffer(Math.max(bytes, BUFFER_BYTES));
        out = next;
        outMemory = MemorySegment.ofBuffer(next.nioBuffer(0, next.capacity()));
        if (!flushPending) {
            flushPending = true;
            // A task, because it is certain to run before the loop sleeps, whatever the turn is at.
            loop.execute(this::flush);
        }
        return next;
    }

    private Channel requireChannel() {
        if (channel == null) {
            throw new IllegalStateException("not connected");
        }
        return channel;
    }

    private void writeOut() {
        if (out != null && channel != null) {
            channel.write(out, channel.voidPromise());
        }
        out = null;
        outMemory = null;
    }

    private void flush() {
        flushPending = false;
        if (!ended && channel != null) {
            writeOut();
            channel.flush();
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        connected = true;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf in = (ByteBuf) message;
        try {
            if (!ended) {
                received(context, in);
            }
        } catch (ServerFault e) {
            fail(message(e));
        } finally {
            in.release();
        }
    }

    private void received(ChannelHandlerContext context, ByteBuf in) throws ServerFault {
        if (replies != null) {
            replies.consume(in);
            return;
        }
        ByteBuf gathered = negotiated;
        if (gathered == null) {
            gathered = context.alloc().buffer();
            negotiated = gathered;
        }
        gathered.writeBytes(in);
        ByteBuf answer = context.alloc().directBuffer();
        Export export;
        try {
            export = handshake.advance(gathered, answer);
        } catch (ServerFault e) {
            answer.release();
            throw e;
        }
        context.writeAndFlush(answer);
        if (export == null) {
            gathered.discardReadBytes();
            return;
        }
        Replies begun = new Replies(export.structured(), this);
        replies = begun;
        negotiated = null;
        try {
            owner.ready(this, export);
            begun.consume(gathered);
        } finally {
            gathered.release();
        }
    }

    @Override
    public @Nullable Command inFlight(long cookie) {
        Command command = commands[(int) cookie & (MAX_COMMANDS - 1)];
        return command != null && command.cookie == cookie && !ended ? command : null;
    }

    @Override
    public void answered(Command command) {
        int index = (int) command.cookie & (MAX_COMMANDS - 1);
        commands[index] = null;
        free[freeCount++] = index;
        owner.answered(command);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (hasRoom() && replies != null) {
            owner.roomAgain();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        fail("the server has closed the connection");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        fail(message(cause));
    }

    private void fail(String reason) {
        if (!ended) {
            close();
            owner.lost(this, reason);
        }
    }

    /** Ends the connection at once, and tells nobody. */
    void drop() {
        close();
    }

    /** Ends the connection as the protocol wants it, with a DISC. Nothing is in flight that matters any more. */
    void end() {
        if (ended || replies == null || channel == null || !channel.isWritable()) {
            close();
            return;
        }
        ByteBuf to = buffer(Nbd.REQUEST_BYTES);
        to.writeInt(Nbd.REQUEST_MAGIC).writeShort(0).writeShort(Nbd.CMD_DISC);
        to.writeLong(sent++ << INDEX_BITS).writeLong(0).writeInt(0);
        ended = true;
        out = null;
        outMemory = null;
        // Closed at once, the message might not be sent.
        channel.writeAndFlush(to).addListener(ChannelFutureListener.CLOSE);
    }

    private void close() {
        ended = true;
        if (out != null) {
            out.release();
            out = null;
            outMemory = null;
        }
        if (negotiated != null) {
            negotiated.release();
            negotiated = null;
        }
        if (channel != null) {
            if (channel.isActive() && channel instanceof DuplexChannel duplex) {
                // Netty's io_uring does not close a socket before its last write is over, which the peer decides.
                duplex.shutdown();
            }
            channel.close();
        }
    }

    /** After its end: the commands that were not answered, in the order in which they were sent. */
    List<Command> unanswered() {
        List<Command> left = new ArrayList<>();
        for (Command command : commands) {
            if (command != null) {
                left.add(command);
            }
        }
        left.sort(Comparator.comparingLong(command -> command.cookie));
        return left;
    }
}
