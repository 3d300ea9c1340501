package dev.ringside.blk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.blk.storage.FileStorage;
import dev.ringside.loop.Engine;
import dev.ringside.testing.EachEngine;
import dev.ringside.testing.LogWatch;
import dev.ringside.testing.ProcSelf;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;

/** Tests of a disk over an image of 1 MiB of noise. After each the disk still reads, and in the end nothing is left. */
@EachEngine
abstract class OnDisk {
    static final int SECTORS = 2048;
    static final int BYTES = SECTORS * GuestDisk.SECTOR;

    @Parameter
    Engine engine;

    @TempDir
    Path directory;

    Path image;
    /** What the image should hold. */
    byte[] content = new byte[BYTES];

    GuestDisk disk;
    private ProcSelf before;
    private LogWatch log;

    @BeforeEach
    void makeImage() throws IOException {
        before = ProcSelf.now();
        log = new LogWatch();
        new Random(42).nextBytes(content);
        image = Files.write(directory.resolve("disk.img"), content);
        disk = open();
    }

    /** The disk under test. */
    GuestDisk open() throws IOException {
        return new GuestDisk(FileStorage.open(image, false, false), engine);
    }

    byte[] content(long sector, int bytes) {
        int from = (int) sector * GuestDisk.SECTOR;
        return Arrays.copyOfRange(content, from, from + bytes);
    }

    @AfterEach
    void shouldStillRead() throws IOException {
        try (LogWatch closedLast = log;
                GuestDisk closedFirst = disk) {
            assertThat(closedFirst.read(7, 1024)).isEqualTo(content(7, 1024));
            assertThat(Files.readAllBytes(image)).isEqualTo(content);
            assertThat(closedLast.errors()).isEmpty();
        }
        ProcSelf.awaitNoMoreThan(before);
    }
}
