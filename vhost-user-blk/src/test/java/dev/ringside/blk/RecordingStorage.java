package dev.ringside.blk;

import dev.ringside.blk.storage.Lifetime;
import dev.ringside.blk.storage.Storage;
import dev.ringside.blk.storage.StorageQueue;
import dev.ringside.blk.storage.Transfer;
import dev.ringside.loop.DeviceLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A storage that does nothing but say, in words, what it was asked for. */
final class RecordingStorage implements Storage {
    static final int SECTORS = 1 << 20;

    private final Queue<String> requests = new ConcurrentLinkedQueue<>();
    /** What every request fails with; 0 for success. */
    private volatile int errno;

    /** What was asked for since the last time, in its order. */
    List<String> takeRequests() {
        List<String> taken = new ArrayList<>();
        for (String next = requests.poll(); next != null; next = requests.poll()) {
            taken.add(next);
        }
        return taken;
    }

    void failWith(int value) {
        errno = value;
    }

    @Override
    public String name() {
        return "recording";
    }

    @Override
    public boolean isReadOnly() {
        return false;
    }

    @Override
    public long sectors() {
        return SECTORS;
    }

    @Override
    public boolean refreshSize() {
        return false;
    }

    @Override
    public Limits limits() {
        return new Limits(SECTOR_BYTES, SECTOR_BYTES, true, true, true);
    }

    @Override
    public Lifetime lifetime() {
        return new Lifetime(1, 2, 11);
    }

    @Override
    public StorageQueue open(DeviceLoop loop, StorageQueue.Completion completion) {
        return new RecordingQueue(completion);
    }

    @Override
    public void close() {
        // Nothing is held.
    }

    private final class RecordingQueue implements StorageQueue {
        private final Completion completion;

        RecordingQueue(Completion completion) {
            this.completion = completion;
        }

        private void record(int slot, String request) {
            requests.add(request);
            completion.completed(slot, errno);
        }

        @Override
        public void read(Transfer transfer) {
            record(transfer.slot(), "read %d at %d".formatted(transfer.bytes(), transfer.offset()));
        }

        @Override
        public void write(Transfer transfer, boolean durable) {
            record(transfer.slot(), "write %d at %d%s".formatted(transfer.bytes(), transfer.offset(), in(durable)));
        }

        @Override
        public void flush(int slot) {
            record(slot, "flush");
        }

        @Override
        public void discard(int slot, long offset, long bytes) {
            record(slot, "discard %d at %d".formatted(bytes, offset));
        }

        @Override
        public void secureErase(int slot, long offset, long bytes) {
            record(slot, "erase %d at %d".formatted(bytes, offset));
        }

        @Override
        public void writeZeroes(int slot, long offset, long bytes, boolean mayUnmap, boolean durable) {
            record(slot, "zero %d at %d%s%s".formatted(bytes, offset, mayUnmap ? " unmap" : "", in(durable)));
        }

        private static String in(boolean durable) {
            return durable ? " durable" : "";
        }

        @Override
        public boolean isInFlight(int slot) {
            return false;
        }

        @Override
        public void close() {
            // Nothing is held.
        }
    }
}
