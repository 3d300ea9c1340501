package dev.ringside.vfiouser;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.MemFd;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each message, as it should be and as it should not. */
class ProtocolTest {
    private ServerFixture server;

    @BeforeEach
    void start(@TempDir Path directory) throws Exception {
        server = new ServerFixture(directory);
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
    }

    private void assertAlive(TestClient client) throws Exception {
        assertThat(client.call(TestClient.GET_INFO, 16, 0, 0, 0).getInt(8)).isEqualTo(9);
    }

    @Test
    void shouldNegotiateNoMoreThanIsOffered() throws Exception {
        try (TestClient client = server.connect()) {
            ByteBuffer reply = client.negotiate();
            assertThat(reply.getInt()).isZero();
            String json = StandardCharsets.UTF_8.decode(reply).toString();
            assertThat(json)
                    .isEqualTo("{\"capabilities\":{\"max_msg_fds\":1,\"max_data_xfer_size\":1048576,"
                            + "\"max_dma_maps\":65535,\"pgsizes\":4096,\"write_multiple\":true}}\0");
        }
        try (TestClient client = server.connect()) {
            ByteBuffer reply = client.call(
                    TestClient.VERSION,
                    (short) 0,
                    (short) 7,
                    "{ \"capabilities\" : {\"max_data_xfer_size\": 4096, \"x\": [1, {\"y\": null}], \"z\": \"\\\"\"}}");
            assertThat(reply.getShort(2)).isZero();
            reply.position(4);
            assertThat(StandardCharsets.UTF_8.decode(reply).toString())
                    .isEqualTo("{\"capabilities\":{\"max_data_xfer_size\":4096}}\0");
        }
        try (TestClient client = server.connect()) {
            assertThat(client.call(TestClient.VERSION, 0).remaining()).isEqualTo(4);
            assertAlive(client);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{",
                "[]",
                "x",
                "{\"capabilities\":{\"max_dma_maps\":0}}",
                "{\"capabilities\":{}}}",
                "\"",
                "{\"a\":{{",
                "[[[[[[[[[[[[[[[[",
                "{\"a\":-}",
                "{\"a\" 1}"
            })
    void shouldEndAConnectionThatNegotiatesBadly(String json) throws Exception {
        try (TestClient client = server.connect()) {
            client.refused(TestClient.VERSION, (short) 0, (short) 0, json);
            assertThat(client.isClosed()).isTrue();
        }
    }

    @Test
    void shouldEndAConnectionOfAnotherMajorVersionOrWithoutNegotiation() throws Exception {
        try (TestClient client = server.connect()) {
            client.refused(TestClient.VERSION, (short) 1, (short) 0, TestClient.CAPABILITIES);
            assertThat(client.isClosed()).isTrue();
        }
        try (TestClient client = server.connect()) {
            client.refused(TestClient.GET_INFO, 16, 0, 0, 0);
            assertThat(client.isClosed()).isTrue();
        }
        try (TestClient client = server.connect()) {
            client.send(TestClient.VERSION, 0, List.of(), 0, new byte[] {'{', '}'});
            assertThat(client.isClosed()).isTrue();
        }
    }

    @Test
    void shouldRefuseASecondNegotiation() throws Exception {
        try (TestClient client = server.client()) {
            client.refused(TestClient.VERSION, (short) 0, (short) 0, TestClient.CAPABILITIES);
            assertAlive(client);
        }
    }

    /** As a client may do that has several writes to tell of, and no patience for replies. */
    @Test
    void shouldServeMessagesThatComeTogether() throws Exception {
        try (TestClient client = server.client()) {
            client.send(TestClient.REGION_WRITE, TestClient.NO_REPLY, List.of(), 4L, 0, 4, 1);
            int first = client.send(TestClient.REGION_READ, 0, List.of(), 4L, 0, 4);
            client.send(TestClient.REGION_WRITE, TestClient.NO_REPLY, List.of(), 4L, 0, 4, 2);
            int second = client.send(TestClient.REGION_READ, 0, List.of(), 4L, 0, 4);
            TestClient.Message reply = client.receive();
            assertThat(reply.id()).isEqualTo(first);
            assertThat(reply.payload().getInt(16)).isEqualTo(1);
            reply = client.receive();
            assertThat(reply.id()).isEqualTo(second);
            assertThat(reply.payload().getInt(16)).isEqualTo(2);
        }
    }

    @Test
    void shouldDescribeTheDevice() throws Exception {
        try (TestClient client = server.client()) {
            ByteBuffer info = client.call(TestClient.GET_INFO, 16, 0, 0, 0);
            assertThat(info.getInt(4)).isEqualTo(3);
            assertThat(info.getInt(12)).isEqualTo(5);
            ByteBuffer bar = client.call(TestClient.GET_REGION_INFO, 32, 0, 0, 0, 0L, 0L);
            assertThat(bar.getInt(4)).isEqualTo(3);
            assertThat(bar.getLong(16)).isEqualTo(TestFunction.BAR_BYTES);
            assertThat(client.call(TestClient.GET_REGION_INFO, 32, 0, 6, 0, 0L, 0L)
                            .getLong(16))
                    .isZero();
            assertThat(client.call(TestClient.GET_REGION_INFO, 32, 0, 7, 0, 0L, 0L)
                            .getLong(16))
                    .isEqualTo(256);
            assertThat(client.call(TestClient.GET_REGION_IO_FDS, 16, 0, 0, 0).getInt(12))
                    .isZero();
            ByteBuffer intx = client.call(TestClient.GET_IRQ_INFO, 16, 0, 0, 0);
            assertThat(intx.getInt(4)).isEqualTo(7);
            assertThat(intx.getInt(12)).isEqualTo(1);
            assertThat(client.call(TestClient.GET_IRQ_INFO, 16, 0, 1, 0).getInt(12))
                    .isZero();
            client.refused(TestClient.GET_REGION_INFO, 32, 0, 9, 0, 0L, 0L);
            client.refused(TestClient.GET_REGION_IO_FDS, 16, 0, -1, 0);
            client.refused(TestClient.GET_IRQ_INFO, 16, 0, 5, 0);
            assertAlive(client);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 16})
    void shouldRefuseWhatIsTooSmall(int command) throws Exception {
        try (TestClient client = server.client()) {
            client.refused(command, new byte[3]);
            assertAlive(client);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 11, 12, 14, 17, 18, 19, 255, 65535})
    void shouldRefuseUnknownCommandsAndThoseOfTheServer(int command) throws Exception {
        try (TestClient client = server.client()) {
            client.refused(command, new byte[64]);
            assertAlive(client);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 15, 0x200000, 0x7fffffff, -1})
    void shouldEndAConnectionWhoseFramingIsLost(int size) throws Exception {
        try (TestClient client = server.client()) {
            client.sendRaw(1, TestClient.GET_INFO, size, 0, 0, List.of(), ByteBuffer.allocate(0));
            assertThat(client.isClosed()).isTrue();
        }
        try (TestClient client = server.client()) {
            assertAlive(client);
        }
    }

    @Test
    void shouldIgnoreUnsolicitedReplies() throws Exception {
        try (TestClient client = server.client()) {
            client.sendRaw(77, TestClient.DMA_READ, 32, 1, 0, List.of(), ByteBuffer.allocate(16));
            client.sendRaw(0, TestClient.GET_INFO, 16, 1, 0, List.of(), ByteBuffer.allocate(0));
            assertAlive(client);
            client.sendRaw(5, TestClient.GET_INFO, 32, 7, 0, List.of(), ByteBuffer.allocate(16));
            assertThat(client.receive().error()).isEqualTo(TestClient.EINVAL);
            assertAlive(client);
        }
    }

    @Test
    void shouldReadAndWriteRegions() throws Exception {
        try (TestClient client = server.client()) {
            ByteBuffer config = client.call(TestClient.REGION_READ, 0L, 7, 256);
            assertThat(config.remaining()).isEqualTo(16 + 256);
            assertThat(config.getInt(16)).isEqualTo(0x100e8086);
            client.call(TestClient.REGION_WRITE, 0x10L, 7, 4, -1);
            assertThat(client.readRegister(7, 0x10)).isEqualTo(-TestFunction.BAR_BYTES);
            client.call(TestClient.REGION_WRITE, 4L, 0, 4, 0x12345678);
            assertThat(client.readRegister(0, 4)).isEqualTo(0x12345678);
            client.send(TestClient.REGION_WRITE, TestClient.NO_REPLY, List.of(), 4L, 0, 4, 1);
            client.send(TestClient.REGION_WRITE, TestClient.NO_REPLY, List.of(), 400L, 0, 4, 2);
            assertThat(client.readRegister(0, 4)).isEqualTo(1);
            ByteBuffer multi = client.call(TestClient.REGION_WRITE_MULTI, 2L, 4L, 0, 4, 7L, 32L, 0, 4, 9L);
            assertThat(multi.getLong(0)).isEqualTo(2);
            assertThat(client.readRegister(0, 4)).isEqualTo(7);
            assertThat(client.readRegister(0, 32)).isEqualTo(9);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, 64, 4",
        "0, 61, 4",
        "0, -4, 4",
        "0, 0, 3",
        "0, 0, 0",
        "0, 0, 16",
        "1, 0, 4",
        "6, 0, 1",
        "7, 256, 1",
        "7, 255, 2",
        "8, 0, 4",
        "9, 0, 4",
        "-1, 0, 4",
        "0, 9223372036854775807, 4",
        "7, 0, 257"
    })
    void shouldRefuseAccessesOutsideRegionsAndOfOddWidth(int region, long offset, int count) throws Exception {
        try (TestClient client = server.client()) {
            client.refused(TestClient.REGION_READ, offset, region, count);
            client.refused(TestClient.REGION_WRITE, offset, region, count, new byte[count]);
            assertAlive(client);
        }
    }

    @Test
    void shouldRefuseCountsThatContradictTheMessage() throws Exception {
        try (TestClient client = server.client()) {
            client.refused(TestClient.REGION_WRITE, 0L, 0, 8, 0);
            client.refused(TestClient.REGION_WRITE, 0L, 0, 4, 0L);
            client.refused(TestClient.REGION_READ, 0L, 7, -1);
            client.refused(TestClient.REGION_READ, 0L, 7, 0x100001);
            client.refused(TestClient.REGION_WRITE_MULTI, 2L, 4L, 0, 4, 7L);
            client.refused(TestClient.REGION_WRITE_MULTI, -1L, 4L, 0, 4, 7L);
            client.refused(TestClient.REGION_WRITE_MULTI, 1L, 4L, 0, 9, 7L);
            assertAlive(client);
        }
    }

    @Test
    void shouldResetTheFunction() throws Exception {
        try (TestClient client = server.client()) {
            client.call(TestClient.RESET);
            assertThat(server.function.resets).hasValue(1);
        }
    }

    @Test
    void shouldAnswerMigrationWithNotSupported() throws Exception {
        try (TestClient client = server.client()) {
            client.send(16, 0, List.of(), 8, 0);
            assertThat(client.receive().error()).isEqualTo(95);
            assertAlive(client);
        }
    }

    @Test
    void shouldCloseDescriptorsOfRefusedMessages() throws Exception {
        try (TestClient client = server.client();
                Fd memory = MemFd.create("vfio-user-test", 0x10000);
                Fd event = EventFd.create()) {
            assertAlive(client);
            long before = ServerFixture.openFiles();
            List<Fd> fds = List.of(memory);
            client.refused(TestClient.DMA_MAP, fds, 32, 3, 0L, 0L, 0x20000L);
            client.refused(TestClient.DMA_MAP, fds, 32, 3, -1L, 0L, 0x1000L);
            client.refused(TestClient.DMA_MAP, fds, 32, 0x13, 0L, 0L, 0x1000L);
            client.refused(TestClient.DMA_MAP, List.of(event), 32, 3, 0L, 0L, 0x1000L);
            client.refused(TestClient.DMA_MAP, List.of(memory, event), 32, 3, 0L, 0L, 0x1000L);
            client.refused(TestClient.GET_INFO, fds, 16, 0, 0, 0);
            client.refused(TestClient.SET_IRQS, fds, 20, 0x24, 0, 0, 1);
            client.refused(TestClient.SET_IRQS, List.of(event), 20, 0x24, 1, 0, 1);
            client.refused(TestClient.SET_IRQS, List.of(event), 20, 0x21, 0, 0, 1);
            client.refused(99, List.of(memory, event, memory));
            assertThat(ServerFixture.openFiles()).isEqualTo(before);
            assertThat(ServerFixture.mappings()).isZero();
        }
    }

    @Test
    void shouldLeaveNothingBehindAfter100Connections() throws Exception {
        long before = -1;
        for (int i = 0; i < 100; i++) {
            try (TestClient client = server.client();
                    Fd memory = MemFd.create("vfio-user-test", 0x10000);
                    Fd event = EventFd.create();
                    Fd resample = EventFd.create()) {
                client.mapMemory(0, 0x10000, 0, memory);
                client.call(TestClient.SET_IRQS, List.of(event), 20, 0x24, 0, 0, 1);
                client.call(TestClient.SET_IRQS, List.of(resample), 20, 0x14, 0, 0, 1);
            }
            if (i == 4) {
                before = settledFiles();
            }
        }
        assertThat(settledFiles()).isLessThanOrEqualTo(before);
        assertThat(ServerFixture.mappings()).isZero();
        assertThat(server.function.attached).hasValue(0);
    }

    private long settledFiles() throws Exception {
        // The next client is served when nothing of the last is left; this one is gone, too, a moment later.
        server.client().close();
        Thread.sleep(100);
        return ServerFixture.openFiles();
    }
}
