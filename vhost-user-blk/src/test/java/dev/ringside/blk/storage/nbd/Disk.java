package dev.ringside.blk.storage.nbd;

import dev.ringside.blk.storage.StorageQueue;
import dev.ringside.loop.DeviceLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** One queue of a storage as a device uses it, with a future for each request: the errno it completes with. */
final class Disk implements AutoCloseable {
    private static final int SECONDS = 20;

    private final DeviceLoop loop;
    private final StorageQueue queue;
    private final Map<Integer, CompletableFuture<Integer>> inFlight = new ConcurrentHashMap<>();
    private final List<GuestBuffer> buffers = new ArrayList<>();
    private int slots;

    Disk(NbdStorage storage, DeviceLoop loop) {
        this.loop = loop;
        queue = loop.call(() -> storage.open(loop, this::completed)).join();
    }

    private void completed(int slot, int errno) {
        if (!loop.inLoop() || !inFlight.remove(slot).complete(errno)) {
            throw new AssertionError("completion on another loop, or a second one");
        }
    }

    private CompletableFuture<Integer> start(Consumer<Integer> request) {
        int slot = slots++;
        CompletableFuture<Integer> done = new CompletableFuture<>();
        inFlight.put(slot, done);
        loop.execute(() -> request.accept(slot));
        return done.orTimeout(SECONDS, TimeUnit.SECONDS);
    }

    private GuestBuffer buffer(int slot, int bytes, boolean intoGuest) {
        try {
            GuestBuffer buffer = new GuestBuffer(slot, bytes, intoGuest);
            buffers.add(buffer);
            return buffer;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    CompletableFuture<Integer> write(long offset, byte[] data, boolean durable) {
        GuestBuffer buffer = buffer(slots, data.length, false);
        buffer.put(data);
        return start(slot -> queue.write(buffer.transfer(offset), durable));
    }

    CompletableFuture<Integer> write(long offset, byte[] data) {
        return write(offset, data, false);
    }

    /** Completes with the data, or exceptionally. */
    CompletableFuture<byte[]> read(long offset, int bytes) {
        GuestBuffer buffer = buffer(slots, bytes, true);
        return start(slot -> queue.read(buffer.transfer(offset))).thenApply(errno -> {
            if (errno != 0) {
                throw new IllegalStateException("errno " + errno);
            }
            return buffer.get();
        });
    }

    CompletableFuture<Integer> flush() {
        return start(queue::flush);
    }

    CompletableFuture<Integer> discard(long offset, long bytes) {
        return start(slot -> queue.discard(slot, offset, bytes));
    }

    CompletableFuture<Integer> writeZeroes(long offset, long bytes, boolean mayUnmap, boolean durable) {
        return start(slot -> queue.writeZeroes(slot, offset, bytes, mayUnmap, durable));
    }

    @Override
    public void close() {
        loop.call(() -> {
                    queue.close();
                    return true;
                })
                .join();
        buffers.forEach(GuestBuffer::close);
    }
}
