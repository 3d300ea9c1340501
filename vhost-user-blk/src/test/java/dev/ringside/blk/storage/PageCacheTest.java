package dev.ringside.blk.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Engine;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
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

    private DeviceLoop loop = DeviceLoop.start("loop", Engine.EPOLL);

    @AfterEach
    void endLoop() {
        loop.close();
    }

    private <T> T onLoop(Callable<T> task) {
        return loop.call(task).orTimeout(30, TimeUnit.SECONDS).join();
    }

    private void awaitEndOfTurn() {
        CompletableFuture<Void> ended = new CompletableFuture<>();
        loop.execute(() -> loop.atEndOfTurn(() -> ended.complete(null)));
        ended.orTimeout(30, TimeUnit.SECONDS).join();
    }

    @Test
    void shouldReadWhatIsThereAsFarAsTheFileGoes() throws Exception {
        Path path = Files.write(directory.resolve("file"), new byte[] {1, 2, 3, 4, 5});
        try (Fd fd = HostFile.open(path, HostFile.O_RDONLY)) {
            PageCache cache = new PageCache(loop, fd.value());
            assertThat(onLoop(() -> cache.read(iovec, 1, 2))).isEqualTo(3);
            assertThat(buffer.get(ValueLayout.JAVA_BYTE, 2)).isEqualTo((byte) 5);
            assertThat(onLoop(() -> cache.read(iovec, 1, 5))).isZero();
        }
    }

    /** The asynchronous path finds out what is wrong, and says so. */
    @Test
    void shouldLeaveFailuresToOthers() {
        PageCache cache = new PageCache(loop, -1);
        assertThat(onLoop(() -> cache.read(iovec, 1, 0))).isEqualTo(PageCache.WOULD_WAIT);
        assertThat(onLoop(() -> cache.write(iovec, 1, 0))).isEqualTo(PageCache.WOULD_WAIT);
    }

    @Test
    void shouldLeaveWhatComesByTheDozenToIoUring() throws Exception {
        assumeTrue(Engine.IO_URING.isAvailable(), "no io_uring here");
        loop.close();
        loop = DeviceLoop.start("loop", Engine.IO_URING);
        try (Fd fd = HostFile.open(Files.write(directory.resolve("file"), new byte[12]), HostFile.O_RDONLY)) {
            PageCache cache = new PageCache(loop, fd.value());
            assertThat(onLoop(() -> answered(cache, 12))).isEqualTo(PageCache.FEW);
            awaitEndOfTurn();
            // After a turn with many, the next is taken to have many from its beginning; after that it is known better.
            assertThat(onLoop(() -> answered(cache, 1))).isZero();
            awaitEndOfTurn();
            assertThat(onLoop(() -> answered(cache, PageCache.FEW))).isEqualTo(PageCache.FEW);
        }
    }

    @Test
    void shouldReadHoweverManyComeWhereTheyWouldHaveToWaitForAThread() throws Exception {
        try (Fd fd = HostFile.open(Files.write(directory.resolve("file"), new byte[12]), HostFile.O_RDONLY)) {
            PageCache cache = new PageCache(loop, fd.value());
            assertThat(onLoop(() -> answered(cache, 12))).isEqualTo(12);
        }
    }

    private long answered(PageCache cache, int reads) {
        return IntStream.range(0, reads)
                .filter(i -> cache.read(iovec, 1, 0) != PageCache.WOULD_WAIT)
                .count();
    }

    @Test
    void shouldWriteOrSayWhyNot() throws Exception {
        Path path = Files.write(directory.resolve("file"), new byte[8192]);
        buffer.fill((byte) 7);
        try (Fd fd = HostFile.open(path, HostFile.O_RDWR)) {
            PageCache cache = new PageCache(loop, fd.value());
            int result = onLoop(() -> cache.write(iovec, 1, 0));
            if (result == PageCache.WOULD_WAIT) {
                assertThat(Files.readAllBytes(path)[0]).isZero();
            } else {
                assertThat(Files.readAllBytes(path)[0]).isEqualTo((byte) 7);
            }
        }
    }
}
