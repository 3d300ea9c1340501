package dev.ringside.vhostuser;

import static dev.ringside.vhostuser.VhostUserFraming.VERSION;

import dev.ringside.channel.FdChannel;
import dev.ringside.channel.Frame;
import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.UnixSocket;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.memory.Iotlb;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import java.util.List;

/** The second socket, on which the back-end makes requests of its own (vhost-user, "Back-end communication"). */
final class BackChannel {
    private static final int IOTLB_MSG = 1;
    private static final int CONFIG_CHANGE_MSG = 2;

    private final FdChannel channel;

    /**
     * @param loop the session's
     * @param fd as received with SET_BACKEND_REQ_FD; taken over
     * @throws LinuxException if it is not a socket; closed then
     */
    BackChannel(DeviceLoop loop, Fd fd) throws LinuxException {
        channel = new FdChannel(loop, UnixSocket.adopt(fd), new VhostUserFraming());
        channel.pipeline().addLast(new Ignore());
        channel.open().addListener(registered -> channel.read());
    }

    /** Tells the front-end that the config space has changed (BACKEND_CONFIG_CHANGE_MSG). */
    void configChanged() {
        ByteBuf message = channel.alloc().directBuffer(VhostUserFraming.HEADER_BYTES);
        message.writeIntLE(CONFIG_CHANGE_MSG).writeIntLE(VERSION).writeIntLE(0);
        send(message);
    }

    /** Asks for a translation (BACKEND_IOTLB_MSG of type MISS); it comes as a request of the front-end. */
    void iotlbMiss(Iotlb.Miss miss) {
        int payload = MessageDecoder.PADDED_IOTLB_BYTES;
        ByteBuf message = channel.alloc().directBuffer(VhostUserFraming.HEADER_BYTES + payload);
        message.writeIntLE(IOTLB_MSG).writeIntLE(VERSION).writeIntLE(payload);
        message.writeLongLE(miss.address()).writeLongLE(0).writeLongLE(0);
        message.writeByte(miss.access()).writeByte(MessageDecoder.IOTLB_MISS).writeZero(Long.BYTES - 2);
        send(message);
    }

    /**
     * Sends, unless hundreds of messages are waiting already: each answer to a miss may bring about the next one, so that a
     * front-end which does not read here, but answers, would fill our memory. It is told nothing more then, as if it had
     * closed the channel.
     */
    private void send(ByteBuf message) {
        if (channel.isWritable()) {
            channel.writeAndFlush(Frame.toSend(message, List.of())).addListener(written -> {});
        } else {
            message.release();
            channel.close();
        }
    }

    /** The message that brought it. */
    Frame retell() throws LinuxException {
        return Words.takenOver(RequestType.SET_BACKEND_REQ_FD, channel.duplicate());
    }

    void close() {
        channel.close();
    }

    /** No request here asks for a reply; reading is how the end of the connection is noticed. */
    private static final class Ignore extends SimpleChannelInboundHandler<Frame> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, Frame frame) {
            context.read();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            // The channel closes itself; the session goes on without it.
        }
    }
}
