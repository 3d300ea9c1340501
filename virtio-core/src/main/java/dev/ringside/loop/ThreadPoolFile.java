package dev.ringside.loop;

import dev.ringside.linux.HostFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.Executor;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/** File I/O by threads that may block; results are handed to the loop. */
final class ThreadPoolFile implements AsyncFile {
    private final Executor loop;
    private final Executor pool;
    private final int fd;
    private final Completion completion;
    private int inFlight;
    private @Nullable Runnable released;

    ThreadPoolFile(Executor loop, Executor pool, int fd, Completion completion) {
        this.loop = loop;
        this.pool = pool;
        this.fd = fd;
        this.completion = completion;
    }

    @Override
    public void read(int slot, long address, int bytes, long offset) {
        start(slot, () -> {
            try (Arena arena = Arena.ofConfined()) {
                return (int) HostFile.preadv(fd, iovec(arena, address, bytes), 1, offset);
            }
        });
    }

    @Override
    public void readv(int slot, long iovec, int count, long offset) {
        start(slot, () -> (int) HostFile.preadv(fd, iovec, count, offset));
    }

    @Override
    public void write(int slot, long address, int bytes, long offset, boolean durable) {
        start(slot, () -> {
            try (Arena arena = Arena.ofConfined()) {
                return (int) HostFile.pwritev(fd, iovec(arena, address, bytes), 1, offset, durable);
            }
        });
    }

    @Override
    public void writev(int slot, long iovec, int count, long offset, boolean durable) {
        start(slot, () -> (int) HostFile.pwritev(fd, iovec, count, offset, durable));
    }

    @Override
    public void fallocate(int slot, int mode, long offset, long bytes) {
        start(slot, () -> HostFile.fallocate(fd, mode, offset, bytes));
    }

    @Override
    public void discard(int slot, long offset, long bytes) {
        start(slot, () -> HostFile.discard(fd, offset, bytes));
    }

    @Override
    public void secureErase(int slot, long offset, long bytes) {
        start(slot, () -> HostFile.secureErase(fd, offset, bytes));
    }

    @Override
    public void fdatasync(int slot) {
        start(slot, () -> HostFile.fdatasync(fd));
    }

    private static long iovec(Arena arena, long address, long bytes) {
        MemorySegment iovec = arena.allocateFrom(ValueLayout.JAVA_LONG, address, bytes);
        return iovec.address();
    }

    private void start(int slot, IntSupplier operation) {
        inFlight++;
        pool.execute(() -> {
            int result = operation.getAsInt();
            loop.execute(() -> finished(slot, result));
        });
    }

    private void finished(int slot, int result) {
        inFlight--;
        try {
            completion.completed(slot, result);
        } finally {
            releaseIfIdle();
        }
    }

    @Override
    public void close(Runnable whenReleased) {
        released = whenReleased;
        releaseIfIdle();
    }

    private void releaseIfIdle() {
        if (inFlight == 0 && released != null) {
            Runnable then = released;
            released = null;
            then.run();
        }
    }
}
