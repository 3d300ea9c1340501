package dev.ringside.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Engine;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StreamLinkTest {
    @TempDir
    Path directory;

    private final DeviceLoop loop = DeviceLoop.start("test", Engine.best());
    private final BlockingQueue<byte[]> received = new LinkedBlockingQueue<>();
    private volatile boolean room = true;
    private TxLane tx;
    private RxLane rx;

    @AfterEach
    void close() {
        loop.close();
    }

    private Path path() {
        return directory.resolve("socket");
    }

    private Port open() throws Exception {
        Port port = new StreamLink("stream", path()).attach(new Link.Nic("nic", 1, 0));
        loop.call(() -> {
                    tx = port.openTx(0, loop);
                    rx = port.openRx(0, loop, Offload.ALL, frame -> room && received.add(Packets.bytes(frame)));
                    return true;
                })
                .get(5, TimeUnit.SECONDS);
        return port;
    }

    private static void write(SocketChannel socket, int announced, byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(4 + bytes.length)
                .putInt(announced)
                .put(bytes)
                .flip();
        while (buffer.hasRemaining()) {
            socket.write(buffer);
        }
    }

    @Test
    void shouldListenAndExchangeFramesThatArriveInPieces() throws Exception {
        Port port = open();
        assertThat(port.isUp()).isFalse();
        try (SocketChannel peer = SocketChannel.open(UnixDomainSocketAddress.of(path()))) {
            byte[] frame = Packets.packet(true, Packets.UDP, 900);
            ByteBuffer whole = ByteBuffer.allocate(2 * (4 + frame.length));
            whole.putInt(frame.length)
                    .put(frame)
                    .putInt(frame.length)
                    .put(frame)
                    .flip();
            for (int at = 0; at < whole.capacity(); at += 300) {
                peer.write(whole.slice(at, Math.min(300, whole.capacity() - at)));
                Thread.sleep(1);
            }
            assertThat(received.poll(5, TimeUnit.SECONDS)).isEqualTo(frame);
            assertThat(received.poll(5, TimeUnit.SECONDS)).isEqualTo(frame);
            assertThat(port.isUp()).isTrue();

            Frame sent = Packets.frame(Packets.packet(true, Packets.TCP, 3000), new Random(1));
            sent.header().setCsum(34, 16);
            sent.header().setGso(NetHeader.GSO_TCPV4, 1000, 66);
            loop.call(() -> tx.send(sent)).get(5, TimeUnit.SECONDS);
            for (int i = 0; i < 3; i++) {
                byte[] segment = read(peer);
                assertThat(segment).hasSize(1066);
                assertThat(Packets.isSound(segment, true, Packets.TCP)).isTrue();
            }
        }
    }

    private static byte[] read(SocketChannel peer) throws IOException {
        ByteBuffer length = ByteBuffer.allocate(4);
        while (length.hasRemaining()) {
            peer.read(length);
        }
        ByteBuffer frame = ByteBuffer.allocate(length.getInt(0));
        while (frame.hasRemaining()) {
            peer.read(frame);
        }
        return frame.array();
    }

    @Test
    void shouldEndAConnectionThatAnnouncesNonsenseAndTakeTheNext() throws Exception {
        open();
        for (int announced : new int[] {0, 13, Frame.MAX_BYTES + 1, -1}) {
            try (SocketChannel peer = SocketChannel.open(UnixDomainSocketAddress.of(path()))) {
                write(peer, announced, new byte[20]);
                assertThat(peer.read(ByteBuffer.allocate(1))).isEqualTo(-1);
            }
        }
        try (SocketChannel peer = SocketChannel.open(UnixDomainSocketAddress.of(path()))) {
            write(peer, 60, new byte[60]);
            assertThat(received.poll(5, TimeUnit.SECONDS)).hasSize(60);
        }
    }

    @Test
    void shouldConnectAndConnectAgain() throws Exception {
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(path()));
            Port port = open();
            assertThat(port.isUp()).isTrue();
            for (int i = 0; i < 2; i++) {
                try (SocketChannel peer = server.accept()) {
                    write(peer, 60, new byte[60]);
                    assertThat(received.poll(5, TimeUnit.SECONDS)).hasSize(60);
                }
            }
        }
    }

    @Test
    void shouldStopReadingWhileTheNicHasNoRoom() throws Exception {
        open();
        room = false;
        try (SocketChannel peer = SocketChannel.open(UnixDomainSocketAddress.of(path()))) {
            for (int i = 0; i < 10; i++) {
                write(peer, 60, new byte[60]);
            }
            Thread.sleep(300);
            assertThat(received).isEmpty();
            room = true;
            loop.call(() -> {
                        rx.roomAgain();
                        return true;
                    })
                    .get(5, TimeUnit.SECONDS);
            for (int i = 0; i < 10; i++) {
                assertThat(received.poll(5, TimeUnit.SECONDS)).hasSize(60);
            }
        }
    }

    @Test
    void shouldNotWaitForAPeerThatDoesNotRead() throws Exception {
        Port port = open();
        try (SocketChannel peer = SocketChannel.open(UnixDomainSocketAddress.of(path()))) {
            write(peer, 60, new byte[60]);
            assertThat(received.poll(5, TimeUnit.SECONDS)).hasSize(60);
            byte[] large = new byte[60_000];
            loop.call(() -> {
                        for (int i = 0; i < 100; i++) {
                            tx.send(Packets.frame(large, new Random(i)));
                        }
                        return true;
                    })
                    .get(5, TimeUnit.SECONDS);
            long dropped = port.counters().droppedSent(Drop.REFUSED);
            assertThat(dropped).isBetween(50L, 99L);
            for (int i = 0; i < 100 - dropped; i++) {
                assertThat(read(peer)).hasSize(60_000);
            }
        }
    }

    @Test
    void shouldSayInOneLineWhyItCannotBeReached() {
        Path nowhere = Path.of("/nonexistent/socket");
        assertThatThrownBy(() -> new StreamLink("stream:" + nowhere, nowhere).attach(new Link.Nic("nic", 1, 0)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("stream:/nonexistent/socket")
                .hasMessageContaining("No such file or directory");
    }
}
