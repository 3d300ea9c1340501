package dev.ringside.blk;

import static dev.ringside.blk.GuestDisk.IN;
import static dev.ringside.blk.GuestDisk.header;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.blk.storage.FileStorage;
import dev.ringside.loop.Engine;
import dev.ringside.testing.EachEngine;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.ForkedJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;

/**
 * A front-end cuts the memory that a request needs. The request fails, with nothing to be told where its status is gone,
 * and the next front-end finds a disk that works.
 */
@EachEngine
class BlkMemoryGoneTest {
    private static final long GONE = 1L << 36;
    private static final int GONE_BYTES = 1 << 16;

    @Parameter
    Engine engine;

    @TempDir
    Path directory;

    /** What lies in the memory that is cut. */
    enum Cut {
        HEADER,
        DATA,
        STATUS,
        ALL
    }

    @Test
    void shouldSurviveThatMemoryIsGone() throws Exception {
        Path image = Files.write(directory.resolve("disk.img"), new byte[1 << 20]);
        ForkedJvm ended = ForkedJvm.run(Scenario.class, engine.name(), image.toString());
        for (Cut cut : Cut.values()) {
            assertThat(ended.output()).contains("survived " + cut);
        }
        assertThat(ended.status()).isZero();
    }

    /** The program that runs elsewhere. */
    static final class Scenario {
        private Scenario() {}

        public static void main(String[] arguments) throws Exception {
            for (Cut cut : Cut.values()) {
                try (GuestDisk disk = new GuestDisk(
                        FileStorage.open(Path.of(arguments[1]), false, false), Engine.valueOf(arguments[0]))) {
                    happen(cut, disk);
                    disk.reconnect(-1);
                    disk.read(0, 4096);
                }
                System.out.println("survived " + cut);
            }
        }

        private static void happen(Cut cut, GuestDisk disk) {
            FakeMemory memory = disk.memory().region(GONE, GONE, GONE_BYTES);
            FakeMemory.Region gone = memory.regions().get(2);
            disk.frontEnd().addMemReg(gone);
            boolean all = cut == Cut.ALL;
            long header = all || cut == Cut.HEADER ? GONE : GuestDisk.BUFFERS;
            long data = all || cut == Cut.DATA ? GONE + 4096 : GuestDisk.BUFFERS + 4096;
            long status = all || cut == Cut.STATUS ? GONE + 16384 : GuestDisk.BUFFERS + 16384;
            memory.put(header, header(IN, 0));
            disk.vring(0)
                    .driver()
                    .chain()
                    .readableAt(header, 16)
                    .writableAt(data, 8192)
                    .writableAt(status, 1)
                    .offer();
            gone.truncate(0);
            disk.vring(0).kick();
            // Stopping waits for the request, whatever becomes of it.
            disk.vring(0).stop();
            gone.truncate(GONE_BYTES);
        }
    }
}
