package dev.ringside.blk.storage;

import dev.ringside.loop.DeviceLoop;

/** A disk that forgets what is written and leaves buffers as they are when it is read. Moves nothing. */
public final class NullStorage implements Storage {
    private final long sectors;
    private final boolean readOnly;

    /** @param sectors the size that it claims */
    public NullStorage(long sectors, boolean readOnly) {
        this.sectors = sectors;
        this.readOnly = readOnly;
    }

    @Override
    public String name() {
        return "null";
    }

    @Override
    public boolean isReadOnly() {
        return readOnly;
    }

    @Override
    public long sectors() {
        return sectors;
    }

    @Override
    public boolean refreshSize() {
        return false;
    }

    @Override
    public Limits limits() {
        return new Limits(SECTOR_BYTES, SECTOR_BYTES, !readOnly, !readOnly, !readOnly);
    }

    @Override
    public StorageQueue open(DeviceLoop loop, StorageQueue.Completion completion) {
        return new NullQueue(completion);
    }

    @Override
    public void close() {
        // Nothing is held.
    }

    private record NullQueue(Completion completion) implements StorageQueue {
        @Override
        public void read(Transfer transfer) {
            completion.completed(transfer.slot(), 0);
        }

        @Override
        public void write(Transfer transfer, boolean durable) {
            completion.completed(transfer.slot(), 0);
        }

        @Override
        public void flush(int slot) {
            completion.completed(slot, 0);
        }

        @Override
        public void discard(int slot, long offset, long bytes) {
            completion.completed(slot, 0);
        }

        @Override
        public void secureErase(int slot, long offset, long bytes) {
            completion.completed(slot, 0);
        }

        @Override
        public void writeZeroes(int slot, long offset, long bytes, boolean mayUnmap, boolean durable) {
            completion.completed(slot, 0);
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
