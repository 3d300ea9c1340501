package dev.ringside.blk.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads that are over at once, and those that are not to be had so. */
class PageCacheTest {
    @TempDir
    Path directory;

    private final Arena arena = Arena.ofAuto();
    private final MemorySegment buffer = arena.allocate(8192);
    private final long iovec =
            arena.allocateFrom(ValueLayout.JAVA_LONG, buffer.address(), 8192).address();

    @Test
    void shouldReadWhatIsThereAsFarAsTheFileGoes() throws Exception {
        Path path = Files.write(directory.resolve("file"), new byte[] {1, 2, 3, 4, 5});
        try (Fd fd = HostFile.open(path, HostFile.O_RDONLY)) {
            PageCache cache = new PageCache(fd.value());
            assertThat(cache.read(iovec, 1, 2)).isEqualTo(3);
            assertThat(buffer.get(ValueLayout.JAVA_BYTE, 2)).isEqualTo((byte) 5);
            assertThat(cache.read(iovec, 1, 5)).isZero();
        }
    }

    /** The asynchronous path finds out what is wrong, and says so. */
    @Test
    void shouldLeaveFailuresToOthers() {
        assertThat(new PageCache(-1).read(iovec, 1, 0)).isEqualTo(PageCache.WOULD_WAIT);
        assertThat(new PageCache(-1).write(iovec, 1, 0)).isEqualTo(PageCache.WOULD_WAIT);
    }

    @Test
    void shouldWriteOrSayWhyNot() throws Exception {
        Path path = Files.write(directory.resolve("file"), new byte[8192]);
        buffer.fill((byte) 7);
        try (Fd fd = HostFile.open(path, HostFile.O_RDWR)) {
            int result = new PageCache(fd.value()).write(iovec, 1, 0);
            if (result < 0) {
                assertThat(result).isIn(PageCache.WOULD_WAIT, PageCache.ALWAYS_WAITS);
            } else {
                assertThat(Files.readAllBytes(path)[0]).isEqualTo((byte) 7);
            }
        }
    }
}
