package dev.ringside.vfiouser;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import dev.ringside.linux.MemFd;
import dev.ringside.linux.Mmap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Guest memory with and without descriptors. */
class DmaTest {
    private static final int PAGE = 4096;
    private static final int PAGES = 64;
    private static final int MEMORY_BYTES = PAGES * PAGE;
    private static final int MAX_MAPS = 65535;

    private ServerFixture server;
    private TestClient client;
    private Fd fd;
    private Arena arena;
    private MemorySegment memory;

    @BeforeEach
    @SuppressWarnings("MustBeClosedChecker") // closed after each test
    void start(@TempDir Path directory) throws Exception {
        server = new ServerFixture(directory);
        client = server.client();
        fd = MemFd.create("vfio-user-test", MEMORY_BYTES);
        arena = Arena.ofShared();
        memory = Mmap.shared(fd, 0, MEMORY_BYTES, arena);
        for (int i = 0; i < MEMORY_BYTES; i += 4) {
            memory.set(ValueLayout.JAVA_INT, i, i);
        }
    }

    @AfterEach
    void stop() throws Exception {
        client.close();
        arena.close();
        fd.close();
        server.close();
    }

    private void write(int register, int value) throws Exception {
        client.send(TestClient.REGION_WRITE, TestClient.NO_REPLY, List.of(), (long) register, 0, 4, value);
    }

    private int read(int register) throws Exception {
        return client.readRegister(0, register);
    }

    private void dmaRead(int address, int bytes) throws Exception {
        write(TestFunction.ADDRESS, address);
        write(TestFunction.READ, bytes);
    }

    private void dmaWrite(int address, int bytes) throws Exception {
        write(TestFunction.ADDRESS, address);
        write(TestFunction.WRITE, bytes);
    }

    private void unmap(long address, long size, int flags) throws Exception {
        client.call(TestClient.DMA_UNMAP, 24, flags, address, size);
    }

    @Test
    void shouldReachSharedMemoryAtAnyOffset() throws Exception {
        client.mapMemory(0x100000, 2 * PAGE, 8 * PAGE, fd);
        dmaRead(0x100010, 4);
        assertThat(read(TestFunction.BUSY)).isZero();
        assertThat(read(TestFunction.DATA)).isEqualTo(8 * PAGE + 16);
        dmaWrite(0x101000, 4);
        assertThat(read(TestFunction.BUSY)).isZero();
        assertThat(memory.get(ValueLayout.JAVA_INT, 9 * PAGE)).isEqualTo(8 * PAGE + 16);
        unmap(0x100000, 2 * PAGE, 0);
        dmaRead(0x100010, 4);
        assertThat(read(TestFunction.BUSY)).as("failed").isEqualTo(2);
        assertThat(ServerFixture.mappings()).as("only the test's own").isEqualTo(1);
    }

    @Test
    void shouldScatterOverHundredsOfPipelinedMaps() throws Exception {
        int pages = 64;
        for (int i = 0; i < 4 * pages; i++) {
            // Backwards: neighbours in the bus's address space are none in memory.
            long offset = (long) (pages - 1 - i % pages) * PAGE;
            client.send(TestClient.DMA_MAP, 0, List.of(fd), 32, 3, offset, (long) i * PAGE, (long) PAGE);
        }
        for (int i = 0; i < 4 * pages; i++) {
            assertThat(client.receive().error()).isZero();
        }
        assertThat(ServerFixture.mappings())
                .as("one for all, and the test's own")
                .isEqualTo(2);
        dmaRead(PAGE - 2, 3 * PAGE);
        assertThat(read(TestFunction.BUSY)).isZero();
        int last = 62 * PAGE;
        assertThat(read(TestFunction.DATA)).isEqualTo((63 * PAGE + PAGE - 4) >>> 16 | (last & 0xffff) << 16);
        unmap(0, 0, 2);
        dmaRead(0, 4);
        assertThat(read(TestFunction.BUSY)).isEqualTo(2);
    }

    @Test
    void shouldAnswerWhileItWaitsForTheClient() throws Exception {
        client.call(TestClient.DMA_MAP, 32, 3, 0L, 0L, 0x10000L);
        dmaRead(0x1234, 8);
        TestClient.Message request = client.receive();
        assertThat(request.command()).isEqualTo(TestClient.DMA_READ);
        assertThat(request.payload().getLong(0)).isEqualTo(0x1234);
        assertThat(request.payload().getLong(8)).isEqualTo(8);
        assertThat(read(TestFunction.BUSY)).isEqualTo(1);
        assertThat(client.call(TestClient.GET_INFO, 16, 0, 0, 0).remaining()).isEqualTo(16);
        reply(request, 0, TestClient.payload(0x1234L, 8L, 0x11223344, 0x55667788));
        assertThat(read(TestFunction.BUSY)).isZero();
        assertThat(read(TestFunction.DATA)).isEqualTo(0x11223344);
        dmaWrite(0x2000, 4);
        request = client.receive();
        assertThat(request.command()).isEqualTo(TestClient.DMA_WRITE);
        assertThat(request.payload().getLong(8)).isEqualTo(4);
        assertThat(request.payload().getInt(16)).isEqualTo(0x11223344);
        assertThat(read(TestFunction.BUSY)).isEqualTo(1);
        reply(request, 0, TestClient.payload(0x2000L, 4L));
        assertThat(read(TestFunction.BUSY)).isZero();
    }

    private void reply(TestClient.Message request, int error, ByteBuffer payload) throws Exception {
        int flags = error == 0 ? 1 : 1 | TestClient.ERROR;
        client.sendRaw(request.id(), request.command(), 16 + payload.remaining(), flags, error, List.of(), payload);
    }

    @Test
    void shouldMatchRepliesThatComeOutOfOrder() throws Exception {
        client.call(TestClient.DMA_MAP, 32, 3, 0L, 0L, (long) PAGE);
        client.call(TestClient.DMA_MAP, 32, 3, 0L, (long) PAGE, (long) PAGE);
        dmaRead(PAGE - 2, 4);
        TestClient.Message low = client.receive();
        TestClient.Message high = client.receive();
        reply(high, 0, TestClient.payload((long) PAGE, 2L, (short) 0x3344));
        assertThat(read(TestFunction.BUSY)).isEqualTo(1);
        reply(low, 0, TestClient.payload(PAGE - 2L, 2L, (short) 0x1122));
        assertThat(read(TestFunction.BUSY)).isZero();
        assertThat(read(TestFunction.DATA)).isEqualTo(0x33441122);
    }

    @Test
    void shouldTakeRefusedAndMalformedRepliesForFailures() throws Exception {
        client.call(TestClient.DMA_MAP, 32, 3, 0L, 0L, 0x10000L);
        dmaRead(0, 8);
        reply(client.receive(), 14, ByteBuffer.allocate(0));
        assertThat(read(TestFunction.BUSY)).isEqualTo(2);
        dmaRead(0, 8);
        reply(client.receive(), 0, TestClient.payload(0L, 8L, 1));
        assertThat(read(TestFunction.BUSY)).isEqualTo(2);
        dmaRead(0, 8);
        reply(client.receive(), 0, ByteBuffer.allocate(0));
        assertThat(read(TestFunction.BUSY)).isEqualTo(2);
    }

    @Test
    void shouldMixSharedAndOtherMemory() throws Exception {
        client.mapMemory(0, PAGE, 0, fd);
        client.call(TestClient.DMA_MAP, 32, 3, 0L, (long) PAGE, (long) PAGE);
        dmaRead(PAGE - 2, 4);
        TestClient.Message request = client.receive();
        assertThat(request.payload().getLong(0)).isEqualTo(PAGE);
        assertThat(request.payload().getLong(8)).isEqualTo(2);
        reply(request, 0, TestClient.payload((long) PAGE, 2L, (short) 0x1122));
        assertThat(read(TestFunction.BUSY)).isZero();
        assertThat(read(TestFunction.DATA)).isEqualTo(0x11220000);
    }

    @Test
    void shouldForgetTransfersOfAClientThatLeaves() throws Exception {
        client.call(TestClient.DMA_MAP, 32, 3, 0L, 0L, 0x10000L);
        dmaRead(0, 8);
        client.receive();
        client.close();
        client = server.client();
        assertThat(client.call(TestClient.GET_INFO, 16, 0, 0, 0).remaining()).isEqualTo(16);
    }

    @Test
    void shouldRespectPermissions() throws Exception {
        client.call(TestClient.DMA_MAP, List.of(fd), 32, 1, 0L, 0L, (long) PAGE);
        dmaRead(0, 4);
        assertThat(read(TestFunction.BUSY)).isZero();
        dmaWrite(0, 4);
        assertThat(read(TestFunction.BUSY)).isEqualTo(2);
    }

    @Test
    void shouldSurviveMemoryThatIsCutOff() throws Exception {
        client.mapMemory(0, MEMORY_BYTES, 0, fd);
        HostFile.truncate(fd, PAGE);
        dmaRead(8 * PAGE, 4);
        assertThat(read(TestFunction.BUSY)).isEqualTo(2);
        dmaRead(16, 4);
        assertThat(read(TestFunction.BUSY)).isZero();
        assertThat(read(TestFunction.DATA)).isEqualTo(16);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "-4096, 8192",
        "0x7ffffffffffff000, 0x2000",
        "0, -1",
        "0x1000, 0x1000",
        "0, 0x1001",
        "0x1fff, 0x1000",
        "0, 0x10000"
    })
    void shouldRefuseMapsThatMakeNoSense(String address, String size) throws Exception {
        client.mapMemory(0x1000, 0x1000, 0, fd);
        client.refused(TestClient.DMA_MAP, 32, 3, 0L, Long.decode(address), Long.decode(size));
        dmaRead(0x1000, 4);
        assertThat(read(TestFunction.BUSY)).isZero();
    }

    @Test
    void shouldRefuseToCutMaps() throws Exception {
        client.mapMemory(0x1000, 0x2000, 0, fd);
        client.refused(TestClient.DMA_UNMAP, 24, 0, 0x1000L, 0x1000L);
        client.refused(TestClient.DMA_UNMAP, 24, 0, 0x2000L, 0x1000L);
        client.refused(TestClient.DMA_UNMAP, 24, 0, 0x1000L, 0L);
        client.refused(TestClient.DMA_UNMAP, 24, 1, 0x1000L, 0x2000L);
        client.refused(TestClient.DMA_UNMAP, 24, 0, 0x2000L, -0x1000L);
        unmap(0x10000, 0x1000, 0);
        unmap(0x10000, -0x10000, 0);
        unmap(-0x1000, 0x1000, 0);
        assertThat(client.call(TestClient.DMA_UNMAP, 24, 0, 0L, 0x10000L).getLong(16))
                .isEqualTo(0x2000);
    }

    @Test
    void shouldRefuseMemoryBeyondTheEndOfItsFile() throws Exception {
        long last = MEMORY_BYTES - PAGE;
        client.refused(TestClient.DMA_MAP, List.of(fd), 32, 3, last, 0L, 2L * PAGE);
        client.refused(TestClient.DMA_MAP, List.of(fd), 32, 3, (long) MEMORY_BYTES, 0L, (long) PAGE);
        client.refused(TestClient.DMA_MAP, List.of(fd), 32, 3, Long.MAX_VALUE - PAGE + 1, 0L, (long) PAGE);
        client.mapMemory(0, PAGE, last, fd);
    }

    /** Found by fuzzing: a directory says that it is 2^63 - 1 bytes long, which no page rounds up to. */
    @Test
    void shouldRefuseADirectoryAsMemory() throws Exception {
        try (Fd directory = HostFile.open(Path.of("/"), HostFile.O_RDONLY)) {
            client.refused(TestClient.DMA_MAP, List.of(directory), 32, 3, 0L, 0L, 0x1000L);
        }
    }

    /** As many as a client is told, each of another page, and not one more until one is gone. */
    @Test
    void shouldRefuseTheMapBeyondTheLastOne() throws Exception {
        for (int done = 0; done < MAX_MAPS; ) {
            int some = Math.min(256, MAX_MAPS - done);
            for (int i = 0; i < some; i++) {
                sendMap(done + i);
            }
            for (int i = 0; i < some; i++) {
                assertThat(client.receive().error()).isZero();
            }
            done += some;
        }
        sendMap(MAX_MAPS);
        assertThat(client.receive().error()).isEqualTo(TestClient.EINVAL);
        assertThat(ServerFixture.mappings())
                .as("one for all, and the test's own")
                .isEqualTo(2);
        dmaRead((MAX_MAPS - 1) * PAGE, 4);
        assertThat(read(TestFunction.BUSY)).isZero();
        assertThat(read(TestFunction.DATA)).isEqualTo((MAX_MAPS - 1) % PAGES * PAGE);

        unmap(77L * PAGE, PAGE, 0);
        sendMap(MAX_MAPS);
        assertThat(client.receive().error()).isZero();
        unmap(0, 0, 2);
        assertThat(ServerFixture.mappings()).isEqualTo(1);
    }

    /** Of the page with this number, without waiting for the answer; {@link TestClient#send} has room for far more. */
    private void sendMap(int page) throws Exception {
        ByteBuffer body = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
        body.putInt(32).putInt(3).putLong((long) page % PAGES * PAGE);
        body.putLong((long) page * PAGE).putLong(PAGE).flip();
        client.sendRaw(page & 0xffff, TestClient.DMA_MAP, 16 + 32, 0, 0, List.of(fd), body);
    }

    /** A process has some 65,000 mappings in all, for all of its devices and for the JVM. */
    @Test
    void shouldRefuseMoreThan512Files() throws Exception {
        for (int i = 0; i < SharedFiles.MAX_MAPPINGS; i++) {
            try (Fd file = MemFd.create("vfio-user-test", PAGE)) {
                client.mapMemory((long) i * PAGE, PAGE, 0, file);
            }
        }
        assertThat(ServerFixture.mappings()).isEqualTo(SharedFiles.MAX_MAPPINGS + 1);
        try (Fd file = MemFd.create("vfio-user-test", PAGE)) {
            client.refused(TestClient.DMA_MAP, List.of(file), 32, 3, 0L, 1L << 40, (long) PAGE);
            unmap(5L * PAGE, PAGE, 0);
            client.mapMemory(1L << 40, PAGE, 0, file);
        }
        unmap(0, 0, 2);
        assertThat(ServerFixture.mappings()).isEqualTo(1);
    }

    @Test
    void shouldRefuseFilesOfMoreThan16TiB() throws Exception {
        long half = SharedFiles.MAX_BYTES / 2;
        try (Fd one = MemFd.create("vfio-user-test", half);
                Fd other = MemFd.create("vfio-user-test", half)) {
            client.mapMemory(0, PAGE, 0, one);
            client.mapMemory(PAGE, PAGE, 0, other);
            client.refused(TestClient.DMA_MAP, List.of(fd), 32, 3, 0L, 1L << 40, (long) PAGE);
            unmap(0, PAGE, 0);
            client.mapMemory(1L << 40, PAGE, 0, fd);
        }
    }

    /** Each time that it grows it is mapped once more, for maps of before stay where they are. */
    @Test
    void shouldCountAFileThatGrowsForEachTime() throws Exception {
        try (Fd growing = MemFd.create("vfio-user-test", PAGE)) {
            for (int i = 0; i < SharedFiles.MAX_MAPPINGS; i++) {
                HostFile.truncate(growing, (i + 1L) * PAGE);
                client.mapMemory((long) i * PAGE, PAGE, (long) i * PAGE, growing);
            }
            long pages = SharedFiles.MAX_MAPPINGS;
            HostFile.truncate(growing, (pages + 1) * PAGE);
            client.refused(TestClient.DMA_MAP, List.of(growing), 32, 3, pages * PAGE, pages * PAGE, (long) PAGE);
        }
    }
}
