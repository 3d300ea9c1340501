package dev.ringside.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.Errno;
import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** File I/O on raw addresses: every operation completes once, with what it moved or with its errno. */
class AsyncFileTest extends OnLoop {
    private static final int BYTES = 100_000;
    private static final int EISDIR = 21;
    private static final int ENOTTY = 25;

    private record Completed(int slot, int result) {}

    @TempDir
    Path directory;

    private final Arena arena = Arena.ofShared();
    private final BlockingQueue<Completed> completed = new LinkedBlockingQueue<>();
    private final byte[] content = new byte[BYTES];
    private Path path;
    private Fd fd;
    private AsyncFile file;

    @BeforeEach
    void open() throws Exception {
        new Random(1).nextBytes(content);
        path = Files.write(directory.resolve("file"), content);
        file = open(HostFile.open(path, HostFile.O_RDWR));
    }

    private AsyncFile open(Fd opened) throws Exception {
        fd = opened;
        return onLoop(() ->
                loop.file(opened, (slot, result) -> completed.add(new Completed(loop.inLoop() ? slot : -1, result))));
    }

    @AfterEach
    void close() throws Exception {
        close(file);
        fd.close();
        arena.close();
    }

    private void close(AsyncFile ending) throws Exception {
        CompletableFuture<String> released = new CompletableFuture<>();
        run(() -> ending.close(() -> released.complete("released")));
        assertThat(get(released)).isEqualTo("released");
    }

    /** The result of one operation. */
    private int result(Runnable operation) throws Exception {
        run(operation);
        Completed one = take(completed);
        assertThat(one.slot()).isEqualTo(5);
        return one.result();
    }

    private MemorySegment noise(int bytes) {
        byte[] noise = new byte[bytes];
        new Random(bytes).nextBytes(noise);
        return arena.allocateFrom(ValueLayout.JAVA_BYTE, noise);
    }

    private static byte[] bytes(MemorySegment segment) {
        return segment.toArray(ValueLayout.JAVA_BYTE);
    }

    private MemorySegment iovec(MemorySegment... buffers) {
        MemorySegment iovec = arena.allocate(16L * buffers.length, 8);
        for (int i = 0; i < buffers.length; i++) {
            iovec.setAtIndex(ValueLayout.JAVA_LONG, 2L * i, buffers[i].address());
            iovec.setAtIndex(ValueLayout.JAVA_LONG, 2L * i + 1, buffers[i].byteSize());
        }
        return iovec;
    }

    @Test
    void shouldRead() throws Exception {
        MemorySegment buffer = arena.allocate(5000);
        assertThat(result(() -> file.read(5, buffer.address(), 5000, 1234))).isEqualTo(5000);
        assertThat(bytes(buffer)).isEqualTo(Arrays.copyOfRange(content, 1234, 6234));
    }

    @Test
    void shouldReadIntoSeveralBuffers() throws Exception {
        MemorySegment first = arena.allocate(1);
        MemorySegment second = arena.allocate(4096);
        MemorySegment third = arena.allocate(903);
        MemorySegment iovec = iovec(first, second, third);
        assertThat(result(() -> file.readv(5, iovec.address(), 3, 10))).isEqualTo(5000);
        assertThat(bytes(first)).isEqualTo(Arrays.copyOfRange(content, 10, 11));
        assertThat(bytes(second)).isEqualTo(Arrays.copyOfRange(content, 11, 4107));
        assertThat(bytes(third)).isEqualTo(Arrays.copyOfRange(content, 4107, 5010));
    }

    @Test
    void shouldReadLessAtTheEndAndNothingBeyond() throws Exception {
        MemorySegment buffer = arena.allocate(1000);
        MemorySegment iovec = iovec(buffer.asSlice(0, 500), buffer.asSlice(500, 500));
        assertThat(result(() -> file.read(5, buffer.address(), 1000, BYTES - 300)))
                .isEqualTo(300);
        assertThat(result(() -> file.readv(5, iovec.address(), 2, BYTES - 700))).isEqualTo(700);
        assertThat(result(() -> file.read(5, buffer.address(), 1000, BYTES))).isZero();
        assertThat(result(() -> file.read(5, buffer.address(), 1000, 1L << 40))).isZero();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldWrite(boolean durable) throws Exception {
        MemorySegment data = noise(5000);
        assertThat(result(() -> file.write(5, data.address(), 5000, 777, durable)))
                .isEqualTo(5000);
        MemorySegment more = noise(3000);
        MemorySegment iovec = iovec(more.asSlice(0, 1), more.asSlice(1, 2999));
        assertThat(result(() -> file.writev(5, iovec.address(), 2, 50_000, durable)))
                .isEqualTo(3000);
        System.arraycopy(bytes(data), 0, content, 777, 5000);
        System.arraycopy(bytes(more), 0, content, 50_000, 3000);
        assertThat(Files.readAllBytes(path)).isEqualTo(content);
    }

    @Test
    void shouldSync() throws Exception {
        assertThat(result(() -> file.fdatasync(5))).isZero();
    }

    @Test
    void shouldPunchHoles() throws Exception {
        int mode = HostFile.FALLOC_FL_PUNCH_HOLE | HostFile.FALLOC_FL_KEEP_SIZE;
        assertThat(result(() -> file.fallocate(5, mode, 4096, 8192))).isZero();
        Arrays.fill(content, 4096, 4096 + 8192, (byte) 0);
        assertThat(Files.readAllBytes(path)).isEqualTo(content);
    }

    /** The block device that could do it is not for tests. */
    @Test
    void shouldReturnTheErrnoOfDiscardingWhatIsNoBlockDevice() throws Exception {
        assertThat(result(() -> file.discard(5, 0, 4096))).isEqualTo(-ENOTTY);
        assertThat(result(() -> file.secureErase(5, 0, 4096))).isEqualTo(-ENOTTY);
    }

    @Test
    void shouldReturnTheErrnoOfABadAddress() throws Exception {
        assertThat(result(() -> file.read(5, 8, 512, 0))).isEqualTo(-Errno.EFAULT);
        assertThat(result(() -> file.write(5, 8, 512, 0, false))).isEqualTo(-Errno.EFAULT);
        MemorySegment iovec = iovec(arena.allocate(8), MemorySegment.ofAddress(8));
        assertThat(result(() -> file.readv(5, 8, 2, 0))).isEqualTo(-Errno.EFAULT);
        assertThat(iovec.byteSize()).isEqualTo(32);
    }

    @Test
    void shouldReturnTheErrnoOfAFileThatIsNotWritable() throws Exception {
        close(file);
        fd.close();
        file = open(HostFile.open(path, HostFile.O_RDONLY));
        MemorySegment data = noise(10);
        assertThat(result(() -> file.write(5, data.address(), 10, 0, false))).isEqualTo(-Errno.EBADF);
        assertThat(result(() -> file.read(5, data.address(), 10, 0))).isEqualTo(10);
    }

    @Test
    void shouldReturnTheErrnoOfWhatIsNoFile() throws Exception {
        close(file);
        fd.close();
        file = open(HostFile.open(directory, HostFile.O_RDONLY));
        MemorySegment data = noise(10);
        assertThat(result(() -> file.read(5, data.address(), 10, 0))).isEqualTo(-EISDIR);
    }

    @Test
    void shouldReturnTheErrnoOfAFullDisk() throws Exception {
        close(file);
        fd.close();
        file = open(HostFile.open(Path.of("/dev/full"), HostFile.O_RDWR));
        MemorySegment data = noise(10);
        assertThat(result(() -> file.write(5, data.address(), 10, 0, false))).isEqualTo(-Errno.ENOSPC);
    }

    /** Slots are told back as they were given, also those beyond what fits into a short. */
    @Test
    void shouldCompleteEachOfManyOnce() throws Exception {
        int count = 2000;
        MemorySegment buffer = arena.allocate(64L * count);
        run(() -> {
            for (int i = 0; i < count; i++) {
                file.read(32767 - i, buffer.address() + 64L * i, 64, 32L * i);
            }
        });
        BitSet seen = new BitSet();
        for (int i = 0; i < count; i++) {
            Completed one = take(completed);
            assertThat(one.result()).isEqualTo(64);
            int index = 32767 - one.slot();
            assertThat(seen.get(index)).isFalse();
            seen.set(index);
            assertThat(bytes(buffer.asSlice(64L * index, 64)))
                    .isEqualTo(Arrays.copyOfRange(content, 32 * index, 32 * index + 64));
        }
        assertThat(completed).isEmpty();
    }

    @Test
    void shouldReleaseTheDescriptorOnlyWhenAllIsDone() throws Exception {
        MemorySegment buffer = arena.allocate(BYTES);
        CompletableFuture<Integer> doneByThen = new CompletableFuture<>();
        AsyncFile another = onLoop(() -> loop.file(fd, (slot, result) -> completed.add(new Completed(slot, result))));
        run(() -> {
            for (int i = 0; i < 100; i++) {
                another.read(i, buffer.address(), BYTES, 0);
            }
            another.close(() -> doneByThen.complete(completed.size()));
        });
        assertThat(get(doneByThen)).isEqualTo(100);
    }
}
