package dev.ringside.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringside.fault.MessageFault;
import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.Poll;
import dev.ringside.linux.UnixSocket;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Engine;
import dev.ringside.testing.EachEngine;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.ProcSelf;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;

/** Messages out of a stream, each with its own descriptors, and no descriptor without an owner. */
@EachEngine
class FdChannelTest {
    /** A header of two bytes: how many follow. A message of 0xbad bytes is none. */
    static class SmallFraming implements Framing {
        @Override
        public int headerBytes() {
            return 2;
        }

        @Override
        public int maxFds() {
            return 4;
        }

        @Override
        public int payloadBytes(ByteBuf header) throws MessageFault {
            int bytes = header.getUnsignedShortLE(0);
            if (bytes == 0xbad) {
                throw new MessageFault("a bad message");
            }
            return bytes;
        }
    }

    /** The same, read ahead by some messages. */
    static final class ReadAhead extends SmallFraming {
        static final int BYTES = 32;

        @Override
        public int readAheadBytes() {
            return BYTES;
        }
    }

    /** A message that has arrived: its payload, and its number of descriptors. */
    record Arrived(String payload, int fds) {}

    @Parameter
    Engine engine;

    final BlockingQueue<Arrived> arrived = new LinkedBlockingQueue<>();
    final CompletableFuture<Throwable> failure = new CompletableFuture<>();
    private final CompletableFuture<Void> inactive = new CompletableFuture<>();
    private final Arena arena = Arena.ofShared();
    private ProcSelf before;
    private DeviceLoop loop;
    private UnixSocket peer;
    FdChannel channel;
    Fd fd;

    Framing framing() {
        return new SmallFraming();
    }

    @BeforeEach
    void open() throws Exception {
        before = ProcSelf.now();
        loop = DeviceLoop.start("channel-under-test", engine);
        UnixSocket[] pair = UnixSocket.pair();
        peer = pair[0];
        fd = EventFd.create();
        channel = new FdChannel(loop, pair[1], framing());
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext context, Object message) {
                Frame frame = (Frame) message;
                ByteBuf bytes = frame.bytes();
                arrived.add(new Arrived(
                        bytes.toString(2, bytes.writerIndex() - 2, StandardCharsets.US_ASCII),
                        frame.fds().size()));
                frame.release();
            }

            @Override
            public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                failure.complete(cause);
            }

            @Override
            public void channelInactive(ChannelHandlerContext context) {
                inactive.complete(null);
            }
        });
        channel.open().sync();
    }

    @AfterEach
    void shouldLeaveNothingOpen() throws Exception {
        peer.close();
        get(inactiveAfterReading());
        fd.close();
        loop.close();
        arena.close();
        ProcSelf.awaitNoMoreThan(before);
    }

    /** The end of the stream is noticed by whoever reads. */
    private CompletableFuture<Void> inactiveAfterReading() {
        if (!inactive.isDone()) {
            channel.close();
        }
        return inactive;
    }

    static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(FakeFrontEnd.DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
    }

    void send(byte[] bytes, Fd... fds) throws LinuxException {
        MemorySegment data = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
        assertThat(peer.send(data, List.of(fds))).isEqualTo(bytes.length);
    }

    static byte[] message(String payload) {
        byte[] bytes = new byte[2 + payload.length()];
        bytes[0] = (byte) payload.length();
        bytes[1] = (byte) (payload.length() >>> 8);
        for (int i = 0; i < payload.length(); i++) {
            bytes[2 + i] = (byte) payload.charAt(i);
        }
        return bytes;
    }

    Arrived next() throws InterruptedException {
        channel.read();
        Arrived next = arrived.poll(FakeFrontEnd.DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
        assertThat(next).as("a message").isNotNull();
        return next;
    }

    /** Waits until all that was handed over to the loop so far is done. */
    void settle() throws Exception {
        get(loop.call(() -> null));
        get(loop.call(() -> null));
    }

    @Test
    void shouldReadAMessage() throws Exception {
        send(message("hello"), fd);
        assertThat(next()).isEqualTo(new Arrived("hello", 1));
    }

    @Test
    void shouldReadAMessageWithoutAPayload() throws Exception {
        send(message(""), fd, fd);
        assertThat(next()).isEqualTo(new Arrived("", 2));
    }

    @Test
    void shouldReadAMessageThatComesByteByByte() throws Exception {
        channel.read();
        for (byte b : message("hello")) {
            send(new byte[] {b});
            settle();
        }
        assertThat(next()).isEqualTo(new Arrived("hello", 0));
    }

    @Test
    void shouldCollectTheDescriptorsOfAMessageThatComesInPieces() throws Exception {
        byte[] message = message("hello");
        send(Arrays.copyOf(message, 1), fd);
        send(Arrays.copyOfRange(message, 1, 2));
        send(Arrays.copyOfRange(message, 2, 4), fd, fd);
        send(Arrays.copyOfRange(message, 4, 7), fd);
        assertThat(next()).isEqualTo(new Arrived("hello", 4));
    }

    @Test
    void shouldNeverMixTheDescriptorsOfTwoMessages() throws Exception {
        send(message("a"), fd);
        send(message("bb"), fd, fd);
        send(message("ccc"));
        send(message("dddd"), fd, fd, fd);
        assertThat(next()).isEqualTo(new Arrived("a", 1));
        assertThat(next()).isEqualTo(new Arrived("bb", 2));
        assertThat(next()).isEqualTo(new Arrived("ccc", 0));
        assertThat(next()).isEqualTo(new Arrived("dddd", 3));
    }

    @Test
    void shouldReadOneMessageForEachRead() throws Exception {
        send(message("a"));
        send(message("b"));
        assertThat(next()).isEqualTo(new Arrived("a", 0));
        settle();
        assertThat(arrived).isEmpty();
        assertThat(next()).isEqualTo(new Arrived("b", 0));
    }

    @Test
    void shouldReadALongMessage() throws Exception {
        String text = "x".repeat(65_535);
        channel.read();
        byte[] message = message(text);
        for (int at = 0; at < message.length; at += 5000) {
            send(Arrays.copyOfRange(message, at, Math.min(at + 5000, message.length)));
        }
        assertThat(next()).isEqualTo(new Arrived(text, 0));
    }

    @Test
    void shouldCloseOnTooManyDescriptors() throws Exception {
        send(message("hello"), fd, fd, fd, fd, fd);
        channel.read();
        assertThat(get(failure)).isInstanceOf(MessageFault.class).hasMessageContaining("5 file descriptors");
        get(inactive);
    }

    @Test
    void shouldCloseOnTooManyDescriptorsInPieces() throws Exception {
        byte[] message = message("hello");
        for (int i = 0; i < 5; i++) {
            send(Arrays.copyOfRange(message, i, i + 1), fd);
        }
        channel.read();
        assertThat(get(failure)).isInstanceOf(MessageFault.class);
        get(inactive);
    }

    @Test
    void shouldCloseOnAHeaderThatIsNone() throws Exception {
        send(new byte[] {(byte) 0xad, 0x0b}, fd);
        channel.read();
        assertThat(get(failure)).isInstanceOf(MessageFault.class).hasMessage("a bad message");
        get(inactive);
    }

    @Test
    void shouldCloseAtTheEndOfTheStream() throws Exception {
        send(message("last"), fd);
        peer.close();
        assertThat(next()).isEqualTo(new Arrived("last", 1));
        channel.read();
        get(inactive);
        assertThat(failure).isNotDone();
    }

    @Test
    void shouldCloseTheDescriptorsOfAMessageThatNeverEnds() throws Exception {
        channel.read();
        send(Arrays.copyOf(message("hello"), 4), fd, fd);
        peer.close();
        get(inactive);
        assertThat(arrived).isEmpty();
    }

    @Test
    void shouldCloseTheDescriptorsOfMessagesThatNobodyReads() throws Exception {
        send(message("unread"), fd, fd, fd);
        settle();
        channel.close();
        get(inactive);
    }

    private ByteBuf bytes(String text) {
        return Unpooled.directBuffer().writeBytes(message(text));
    }

    private String received(int bytes, List<Fd> fds) throws Exception {
        StringBuilder text = new StringBuilder();
        while (text.length() < bytes) {
            assertThat(Poll.readable(peer.fd(), FakeFrontEnd.DEADLINE)).isTrue();
            MemorySegment buffer = arena.allocate(bytes - text.length());
            int count = peer.receive(buffer, fds);
            for (int i = 0; i < count; i++) {
                text.append((char) (buffer.get(ValueLayout.JAVA_BYTE, i) & 0xff));
            }
        }
        return text.toString();
    }

    @Test
    void shouldSendAMessageWithItsDescriptors() throws Exception {
        channel.writeAndFlush(Frame.toSend(bytes("hello"), List.of(fd, fd))).sync();
        List<Fd> fds = new ArrayList<>();
        assertThat(received(7, fds)).endsWith("hello");
        assertThat(fds).hasSize(2);
        fds.forEach(Fd::close);
        assertThat(fd.isOpen()).as("only borrowed").isTrue();
    }

    @Test
    void shouldGoOnWhenThereIsRoomAgain() throws Exception {
        int messages = 100;
        String text = "y".repeat(60_000);
        for (int i = 0; i < messages; i++) {
            channel.writeAndFlush(Frame.toSend(bytes(text), List.of(fd)));
        }
        settle();
        List<Fd> fds = new ArrayList<>();
        for (int i = 0; i < messages; i++) {
            assertThat(received(60_002, fds)).endsWith(text);
            assertThat(fds).as("once for each message").hasSize(i + 1);
        }
        fds.forEach(Fd::close);
    }

    @Test
    void shouldFailToSendToAPeerThatHasGone() throws Exception {
        peer.close();
        assertThatThrownBy(() -> channel.writeAndFlush(Frame.toSend(bytes("hello"), List.of(fd)))
                        .sync())
                .isInstanceOf(Exception.class);
    }

    @Test
    void shouldRefuseToSendAnythingButFrames() {
        assertThatThrownBy(() -> channel.writeAndFlush("text").sync())
                .isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void shouldEndAConnectionWithHalfAMessageForTooLong() throws Exception {
        channel.messageTimeout(1);
        channel.read();
        send(new byte[] {5, 0, 'h', 'a'}, fd);
        assertThat(get(failure)).isInstanceOf(MessageFault.class).hasMessageContaining("half a message");
        get(inactive);
        assertThat(arrived).isEmpty();
    }
}
