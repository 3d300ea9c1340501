package dev.ringside.blk;

import static dev.ringside.blk.GuestDisk.IN;
import static dev.ringside.blk.GuestDisk.OK;
import static dev.ringside.blk.GuestDisk.OUT;
import static dev.ringside.blk.GuestDisk.header;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.blk.storage.FileStorage;
import dev.ringside.blk.storage.Storage;
import dev.ringside.loop.Engine;
import dev.ringside.metrics.Metrics;
import dev.ringside.testing.EachEngine;
import dev.ringside.testing.FakeChain;
import dev.ringside.testing.FakeVring;
import dev.ringside.testing.ProcSelf;
import dev.ringside.testing.TestServer;
import dev.ringside.testing.TraceMessage;
import dev.ringside.testing.TraceReplay;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The conversations of real front-ends, with guests that write to the disk and read it back where theirs did. */
@EachEngine
class BlkTraceReplayTest {
    private static final int SECTORS = 256;

    @Parameter
    Engine engine;

    @TempDir
    Path directory;

    private int sector;

    private void writeAndRead(FakeVring vring) {
        for (int i = 0; i < 10; i++) {
            byte[] data = new byte[512];
            Arrays.fill(data, (byte) (sector + 1));
            request(vring, header(OUT, sector), data, 0);
            byte[] read = request(vring, header(IN, sector), new byte[0], 512);
            assertThat(read).isEqualTo(data);
            sector++;
        }
    }

    /** Sends one request. Returns what was read. */
    private static byte[] request(FakeVring vring, byte[] header, byte[] out, int in) {
        var builder = vring.driver().chain().readable(header);
        if (out.length > 0) {
            builder.readable(out);
        }
        if (in > 0) {
            builder.writable(in);
        }
        FakeChain chain = builder.writable(1).offer();
        vring.kick();
        assertThat(vring.awaitUsed().written()).isEqualTo(in + 1);
        assertThat(chain.lastByte()).isEqualTo(OK);
        return Arrays.copyOf(chain.writable(), in);
    }

    @ParameterizedTest
    @CsvSource({"libblkio, 2", "qemu_blk, 2", "qemu_net, 2", "virtio_user, 4"})
    void shouldHoldTheConversation(String recording, int uses) throws Exception {
        ProcSelf before = ProcSelf.now();
        Path image = Files.write(directory.resolve("disk.img"), new byte[SECTORS * 512]);
        List<List<TraceMessage>> connections = TraceMessage.connections(recording);
        int used = 0;
        try (Storage storage = FileStorage.open(image, false, false);
                TestServer server =
                        TestServer.listening(new BlockDevice(storage, GuestDisk.SETTINGS, Metrics.NONE), engine)) {
            for (List<TraceMessage> connection : connections) {
                try (TraceReplay replay = new TraceReplay(server.connect(), this::writeAndRead)) {
                    used += replay.replay(connection);
                }
            }
        }
        assertThat(used).isEqualTo(uses);
        byte[] content = Files.readAllBytes(image);
        for (int i = 0; i < sector; i++) {
            assertThat(content[i * 512 + 511]).isEqualTo((byte) (i + 1));
        }
        ProcSelf.awaitNoMoreThan(before);
    }
}
