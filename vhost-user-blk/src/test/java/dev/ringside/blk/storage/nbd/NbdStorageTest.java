package dev.ringside.blk.storage.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringside.blk.storage.Storage;
import dev.ringside.linux.Errno;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Engine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** A disk behind a server that works, fails, lies and dies; two queues on two loops. */
@ParameterizedClass
@EnumSource(Engine.class)
class NbdStorageTest {
    private static final int SIZE = 8 << 20;
    private static final int PATIENCE_SECONDS = 15;

    private final Engine engine;
    private DeviceLoop control;
    private DeviceLoop loop;
    private DeviceLoop otherLoop;
    private FakeServer server;
    private NbdStorage storage;
    private Disk disk;
    private Disk other;

    NbdStorageTest(Engine engine) {
        this.engine = engine;
    }

    @BeforeEach
    void setUp() throws IOException {
        control = DeviceLoop.start("control", engine);
        loop = DeviceLoop.start("loop", engine);
        otherLoop = DeviceLoop.start("other", engine);
        server = new FakeServer(SIZE);
    }

    @AfterEach
    void tearDown() throws IOException {
        server.close();
        if (disk != null) {
            disk.close();
            other.close();
            storage.close();
        }
        loop.close();
        otherLoop.close();
        control.close();
    }

    private void open() throws IOException {
        open(PATIENCE_SECONDS);
    }

    private void open(int patienceSeconds) throws IOException {
        storage = NbdStorage.open(server.uri(), false, 512, patienceSeconds, control);
        disk = new Disk(storage, loop);
        other = new Disk(storage, otherLoop);
    }

    private static byte[] bytes(int seed, int length) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private byte[] onDisk(int from, int length) {
        return Arrays.copyOfRange(server.disk(), from, from + length);
    }

    private static void shouldBeDone(CompletableFuture<Integer> request) {
        assertThat(request.join()).isZero();
    }

    @Test
    void shouldReadWhatWasWritten() throws Exception {
        open();
        byte[] data = bytes(1, 70_144);
        shouldBeDone(disk.write(512, data));
        assertThat(onDisk(512, data.length)).isEqualTo(data);
        assertThat(disk.read(512, data.length).join()).isEqualTo(data);
        assertThat(other.read(512, data.length).join()).isEqualTo(data);
    }

    @Test
    void shouldReadWithSimpleReplies() throws Exception {
        server.structured = false;
        server.fill(7);
        open();
        byte[] expected = new byte[4096];
        Arrays.fill(expected, (byte) 7);
        assertThat(disk.read(4096, 4096).join()).isEqualTo(expected);
    }

    @Test
    void shouldPipeline() throws Exception {
        open();
        List<CompletableFuture<Integer>> writes = new ArrayList<>();
        List<CompletableFuture<byte[]>> reads = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            writes.add((i % 2 == 0 ? disk : other).write(i * 4096L, bytes(i, 4096)));
        }
        writes.forEach(NbdStorageTest::shouldBeDone);
        for (int i = 0; i < 200; i++) {
            reads.add((i % 2 == 0 ? other : disk).read(i * 4096L, 4096));
        }
        for (int i = 0; i < 200; i++) {
            assertThat(reads.get(i).join()).isEqualTo(bytes(i, 4096));
        }
    }

    @Test
    void shouldCutRequestsAtTheMaximumPayload() throws Exception {
        server.maximumPayload = 8192;
        open();
        byte[] data = bytes(2, 20_480);
        shouldBeDone(disk.write(4096, data));
        assertThat(disk.read(4096, data.length).join()).isEqualTo(data);
        assertThat(server.seen).extracting(FakeServer.Seen::bytes).containsExactly(8192, 8192, 4096, 8192, 8192, 4096);
    }

    @Test
    void shouldSendFlagsAsTheGuestMeansThem() throws Exception {
        open();
        shouldBeDone(disk.write(0, bytes(3, 512), true));
        shouldBeDone(disk.write(0, bytes(4, 512), false));
        shouldBeDone(disk.writeZeroes(512, 512, true, false));
        shouldBeDone(disk.writeZeroes(512, 512, false, true));
        shouldBeDone(disk.discard(1024, 4096));
        shouldBeDone(disk.flush());
        assertThat(server.seen)
                .extracting(seen -> seen.type() + ":" + seen.flags() + ":" + seen.offset() + "+" + seen.bytes())
                .containsExactly("1:1:0+512", "1:0:0+512", "6:0:512+512", "6:3:512+512", "4:0:1024+4096", "3:0:0+0");
    }

    @Test
    void shouldCutRangesThatAreTooLongForAMessage() throws Exception {
        server.behaviour = (command, out) -> {
            FakeServer.simple(command, 0, out);
            return true;
        };
        open();
        shouldBeDone(disk.discard(0, 1L << 32));
        assertThat(server.seen).hasSize(4).allMatch(seen -> seen.bytes() == 1 << 30);
    }

    @Test
    void shouldFlushInPlaceOfFuaWhereThereIsNone() throws Exception {
        server.flags &= ~Nbd.FLAG_SEND_FUA;
        open();
        shouldBeDone(disk.write(0, bytes(5, 512), true));
        assertThat(server.types()).containsExactly(Nbd.CMD_WRITE, Nbd.CMD_FLUSH);
    }

    @Test
    void shouldNotAskForWhatTheServerDoesNotKnow() throws Exception {
        server.flags = Nbd.FLAG_HAS_FLAGS;
        open();
        assertThat(storage.limits()).isEqualTo(new Storage.Limits(4096, 4096, false, false, false));
        assertThat(disk.discard(0, 512).join()).isEqualTo(Errno.EOPNOTSUPP);
        assertThat(disk.writeZeroes(0, 512, false, false).join()).isEqualTo(Errno.EOPNOTSUPP);
        shouldBeDone(disk.flush());
        shouldBeDone(disk.write(0, bytes(5, 512), true));
        assertThat(server.types()).containsExactly(Nbd.CMD_WRITE);
    }

    @Test
    void shouldReportErrorsAndGoOn() throws Exception {
        AtomicInteger error = new AtomicInteger(Errno.ENOSPC);
        server.behaviour = (command, out) -> {
            if (error.get() != 0 && command.type() == Nbd.CMD_WRITE) {
                FakeServer.simple(command, error.get(), out);
                return true;
            }
            return false;
        };
        server.maximumPayload = 512;
        open();
        assertThat(disk.write(0, bytes(6, 4096)).join()).isEqualTo(Errno.ENOSPC);
        error.set(0);
        shouldBeDone(disk.write(0, bytes(6, 4096)));
        assertThat(onDisk(0, 4096)).isEqualTo(bytes(6, 4096));
    }

    @Test
    void shouldUseAConnectionForEachQueueIfTheServerAllowsIt() throws Exception {
        open();
        shouldBeDone(disk.write(0, bytes(7, 512)));
        shouldBeDone(other.write(0, bytes(7, 512)));
        assertThat(server.connectionsOf(Nbd.CMD_WRITE)).hasSize(2);
    }

    @Test
    void shouldUseOneConnectionIfNot() throws Exception {
        server.flags &= ~Nbd.FLAG_CAN_MULTI_CONN;
        open();
        shouldBeDone(disk.write(0, bytes(7, 512)));
        shouldBeDone(other.write(512, bytes(8, 512)));
        assertThat(disk.read(512, 512).join()).isEqualTo(bytes(8, 512));
        assertThat(server.connectionsOf(Nbd.CMD_WRITE)).hasSize(1);
    }

    @Test
    void shouldUseOneConnectionIfTheServerTakesNoMore() throws Exception {
        server.mostConnections = 1;
        open();
        shouldBeDone(disk.write(0, bytes(7, 512)));
        shouldBeDone(other.write(512, bytes(8, 512)));
        int connections = server.connections();
        shouldBeDone(disk.write(1024, bytes(9, 512)));
        shouldBeDone(other.write(1536, bytes(9, 512)));
        assertThat(server.connections()).isEqualTo(connections);
        assertThat(onDisk(512, 512)).isEqualTo(bytes(8, 512));
    }

    @Test
    void shouldSendAgainWhatADeadConnectionLeftUnanswered() throws Exception {
        AtomicInteger cuts = new AtomicInteger(3);
        server.fill(9);
        server.behaviour = (command, out) -> {
            if (command.type() == Nbd.CMD_READ && cuts.getAndDecrement() > 0) {
                FakeServer.chunk(command, false, 0, new byte[1000], out);
                FakeServer.chunkHeader(command, true, Nbd.REPLY_TYPE_OFFSET_DATA, 8 + 3096, out);
                out.writeLong(command.offset() + 1000);
                out.write(new byte[50]);
                server.cut();
            }
            return false;
        };
        open();
        List<CompletableFuture<Integer>> writes = new ArrayList<>();
        CompletableFuture<byte[]> read = disk.read(0, 4096);
        for (int i = 1; i < 20; i++) {
            writes.add(other.write(i * 4096L, bytes(i, 4096)));
        }
        byte[] expected = new byte[4096];
        Arrays.fill(expected, (byte) 9);
        assertThat(read.join()).isEqualTo(expected);
        writes.forEach(NbdStorageTest::shouldBeDone);
        for (int i = 1; i < 20; i++) {
            assertThat(onDisk(i * 4096, 4096)).isEqualTo(bytes(i, 4096));
        }
    }

    @Test
    void shouldLeaveAServerThatTalksGarbage() throws Exception {
        AtomicInteger garbage = new AtomicInteger(3);
        server.behaviour = (command, out) -> {
            if (garbage.getAndDecrement() > 0) {
                out.write(bytes(10, 5000));
                return true;
            }
            return false;
        };
        open();
        shouldBeDone(disk.write(0, bytes(11, 512)));
        assertThat(onDisk(0, 512)).isEqualTo(bytes(11, 512));
    }

    /** The server talks garbage and does not read, so that the socket is full of data on its way. */
    @Test
    void shouldCloseAConnectionThatIsStillBusy() throws Exception {
        AtomicInteger garbage = new AtomicInteger(1);
        CountDownLatch go = new CountDownLatch(1);
        server.behaviour = (command, out) -> {
            if (garbage.getAndDecrement() > 0) {
                out.write(bytes(10, 5000));
                try {
                    go.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                return true;
            }
            return false;
        };
        open();
        List<CompletableFuture<Integer>> writes = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            writes.add(disk.write((i % 8) << 20, bytes(i, 1 << 20)));
        }
        writes.forEach(NbdStorageTest::shouldBeDone);
        go.countDown();
        for (int i = 0; i < 500 && server.openConnections() > 1; i++) {
            Thread.sleep(10);
        }
        assertThat(server.openConnections()).isEqualTo(1);
    }

    @Test
    void shouldRepeatUnflushedWritesInTheirOrderToTheServersSuccessor() throws Exception {
        open();
        server.fill(1);
        byte[] first = bytes(12, 4096);
        byte[] second = bytes(13, 512);
        shouldBeDone(disk.write(0, first));
        shouldBeDone(other.write(1024, second));
        shouldBeDone(disk.write(512, second));
        shouldBeDone(other.writeZeroes(2048, 512, true, false));
        shouldBeDone(disk.write(3072, second, true));
        server.crash();
        assertThat(onDisk(0, 4)).isEqualTo(new byte[] {1, 1, 1, 1});
        server.start();
        byte[] read = disk.read(0, 4096).join();
        System.arraycopy(second, 0, first, 1024, 512);
        System.arraycopy(second, 0, first, 512, 512);
        Arrays.fill(first, 2048, 2560, (byte) 0);
        System.arraycopy(second, 0, first, 3072, 512);
        assertThat(read).isEqualTo(first);
        server.crash();
        assertThat(onDisk(0, 4096)).isEqualTo(first);
    }

    @Test
    void shouldNotRepeatWhatAFlushHasCovered() throws Exception {
        open();
        shouldBeDone(disk.write(0, bytes(14, 512)));
        shouldBeDone(other.flush());
        server.stop();
        server.fill(3);
        server.start();
        assertThat(disk.read(0, 2).join()).isEqualTo(new byte[] {3, 3});
        assertThat(server.types()).containsExactly(Nbd.CMD_WRITE, Nbd.CMD_FLUSH, Nbd.CMD_READ);
    }

    @Test
    void shouldFailTheNextFlushIfWritesCannotBeRepeated() throws Exception {
        open();
        shouldBeDone(disk.write(0, bytes(15, 512)));
        server.stop();
        server.behaviour = (command, out) -> {
            if (command.type() == Nbd.CMD_WRITE) {
                FakeServer.simple(command, Errno.ENOSPC, out);
                return true;
            }
            return false;
        };
        server.start();
        assertThat(other.flush().join()).isEqualTo(Errno.ENOSPC);
        shouldBeDone(disk.flush());
    }

    @Test
    void shouldFlushByItselfBeforeTooMuchIsUnflushed() throws Exception {
        open();
        byte[] data = bytes(16, 1 << 20);
        for (int i = 0; i < 40; i++) {
            shouldBeDone(disk.write((i % 8) << 20, data));
        }
        assertThat(server.types()).contains(Nbd.CMD_FLUSH);
        List<CompletableFuture<Integer>> writes = new ArrayList<>();
        for (int i = 0; i < 80; i++) {
            writes.add((i % 2 == 0 ? disk : other).write((i % 8) << 20, data));
        }
        writes.forEach(NbdStorageTest::shouldBeDone);
    }

    @Test
    void shouldFailRequestsWhenTheWaitIsOverAndWorkAgainLater() throws Exception {
        open(1);
        shouldBeDone(disk.write(0, bytes(17, 512)));
        server.stop();
        List<CompletableFuture<Integer>> requests =
                List.of(disk.write(512, bytes(18, 512)), other.flush(), other.discard(0, 512));
        assertThat(requests).allMatch(request -> request.join() == Errno.EIO);
        assertThat(disk.flush().join()).isEqualTo(Errno.EIO);
        server.start();
        shouldWorkAgain();
        shouldBeDone(other.write(512, bytes(18, 512)));
        assertThat(onDisk(512, 512)).isEqualTo(bytes(18, 512));
    }

    @Test
    void shouldGiveUpARequestThatKillsEveryServer() throws Exception {
        server.behaviour = (command, out) -> {
            if (command.type() == Nbd.CMD_DISC || command.offset() == 666 * 512) {
                server.cut();
                return true;
            }
            return false;
        };
        open(1);
        assertThat(disk.write(666 * 512, bytes(19, 512)).join()).isEqualTo(Errno.EIO);
        shouldWorkAgain();
    }

    private void shouldWorkAgain() throws InterruptedException {
        while (disk.flush().join() != 0) {
            Thread.sleep(20);
        }
    }

    @Test
    void shouldNoticeAnotherSize() throws Exception {
        open();
        assertThat(storage.sectors()).isEqualTo(SIZE / 512);
        shouldBeDone(disk.flush());
        server.stop();
        server.resize(2 * SIZE);
        server.start();
        shouldBeDone(disk.flush());
        assertThat(storage.refreshSize()).isTrue();
        assertThat(storage.sectors()).isEqualTo(2 * SIZE / 512);
        assertThat(storage.refreshSize()).isFalse();
    }

    @Test
    void shouldStartWithASlowServerButNotWithoutOne() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        server.behaviour = (command, out) -> {
            try {
                go.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return false;
        };
        open();
        CompletableFuture<Integer> write = disk.write(0, bytes(20, 512));
        assertThat(write.isDone()).isFalse();
        go.countDown();
        shouldBeDone(write);

        NbdUri nowhere = new NbdUri("127.0.0.1", 1, null, "disk");
        assertThatThrownBy(() -> NbdStorage.open(nowhere, false, 512, 1, control))
                .isInstanceOf(IOException.class)
                .hasMessage("nbd://127.0.0.1:1/disk: connection refused");
        NbdUri noSocket = new NbdUri(null, 0, "/nonexistent/socket", "disk");
        assertThatThrownBy(() -> NbdStorage.open(noSocket, false, 512, 1, control))
                .hasMessage("nbd+unix:///disk?socket=/nonexistent/socket: there is no such socket");
    }

    @Test
    void shouldRefuseExportsThatDoNotFit() throws Exception {
        NbdUri uri = server.uri();
        NbdUri unknown = new NbdUri(uri.host(), uri.port(), null, "tape");
        assertThatThrownBy(() -> NbdStorage.open(unknown, false, 512, 1, control))
                .hasMessage(unknown + ": the server has no export 'tape'");
        server.flags |= Nbd.FLAG_READ_ONLY;
        assertThatThrownBy(() -> NbdStorage.open(uri, false, 512, 1, control))
                .hasMessage(uri + ": the export is read-only, so --read-only is needed");
        NbdStorage.open(uri, true, 512, 1, control).close();
        server.minimumBlock = 4096;
        assertThatThrownBy(() -> NbdStorage.open(uri, true, 512, 1, control))
                .hasMessage(uri + ": the server's blocks have 4096 bytes, so --block-size=512 is too small");
        NbdStorage.open(uri, true, 4096, 1, control).close();
        server.resize(1000);
        assertThatThrownBy(() -> NbdStorage.open(uri, true, 4096, 1, control))
                .hasMessage(uri + ": size of the export, 1000 bytes, is no multiple of 512");
    }

    /** It had been sent to the server that has gone, and is not sent again to one that cannot do it. */
    @Test
    void shouldRejectWhatTheServerThatCameBackCannotDo() throws Exception {
        open();
        CompletableFuture<Void> came = new CompletableFuture<>();
        server.behaviour = (command, out) -> {
            came.complete(null);
            return true;
        };
        CompletableFuture<Integer> small = disk.write(0, bytes(21, 512));
        CompletableFuture<Integer> whole = disk.write(4096, bytes(22, 4096));
        came.get(10, TimeUnit.SECONDS);
        server.stop();
        server.minimumBlock = 4096;
        server.behaviour = (command, out) -> false;
        server.start();
        assertThat(small.get(10, TimeUnit.SECONDS)).isEqualTo(Errno.EINVAL);
        shouldBeDone(whole);
        assertThat(server.disk()[0]).isZero();
    }

    @Test
    void shouldRejectRequestsSmallerThanTheServersBlocks() throws Exception {
        open();
        shouldBeDone(disk.write(0, bytes(21, 512)));
        server.stop();
        server.minimumBlock = 4096;
        server.start();
        assertThat(disk.write(0, bytes(21, 512)).join()).isEqualTo(Errno.EINVAL);
        shouldBeDone(disk.write(0, bytes(21, 4096)));
    }
}
