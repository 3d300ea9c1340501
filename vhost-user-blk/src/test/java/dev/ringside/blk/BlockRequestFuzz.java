package dev.ringside.blk;

import dev.ringside.blk.storage.Storage;
import dev.ringside.blk.storage.StorageQueue;
import dev.ringside.blk.storage.Transfer;
import dev.ringside.fuzz.FuzzInput;
import dev.ringside.fuzz.FuzzTarget;
import dev.ringside.fuzz.HostileDriver;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Engine;
import dev.ringside.metrics.Metrics;
import dev.ringside.testing.LogWatch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Requests of any layout and content. Whatever they ask for, nothing outside the image is touched. */
public final class BlockRequestFuzz implements FuzzTarget {
    private static final int MAX_STEPS = 64;
    private static final int SECTORS = 64;
    private static final int MOST_SECTORS = 12;

    /** VIRTIO_BLK_T_SECURE_ERASE (virtio 1.2 §5.2.6). */
    private static final int SECURE_ERASE = 14;

    /** Of one range to discard, erase or fill with zeroes: sector, sectors, flags. */
    private static final int RANGE_BYTES = 16;

    private static final int[] TYPES = {
        GuestDisk.IN, GuestDisk.OUT, GuestDisk.DISCARD, GuestDisk.WRITE_ZEROES, SECURE_ERASE
    };

    private final LogWatch log = new LogWatch();
    private final DeviceLoop loop = DeviceLoop.start("fuzz", Engine.best());
    private final HostileDriver driver = new HostileDriver();

    @Override
    public void execute(FuzzInput input) throws Exception {
        int how = input.u8();
        BlockDevice device = new BlockDevice(new Image((how & 1) != 0), GuestDisk.SETTINGS, Metrics.NONE);
        long features = (how & 2) != 0 ? device.features() : device.features() & input.i64();
        HostileDriver.await(loop.call(() -> {
                    driver.start(loop, device, 0, features);
                    for (int step = 0; input.hasMore() && step < MAX_STEPS; step++) {
                        switch (input.below(8)) {
                            case 0 -> driver.poke(input);
                            case 1, 2 -> driver.poll();
                            case 3 -> offerAtTheEnd(input);
                            default -> driver.offer(input);
                        }
                    }
                    driver.poll();
                    return driver.stop();
                })
                .thenCompose(stopped -> stopped));
        if (!log.errors().isEmpty()) {
            throw new AssertionError(log.errors().toString());
        }
    }

    /** A request that is a good one, but for where it lies: at the end of the disk, or a little beyond. */
    private void offerAtTheEnd(FuzzInput input) {
        int type = TYPES[input.below(TYPES.length)];
        int sectors = input.below(MOST_SECTORS + 1);
        long sector = (long) SECTORS - sectors - 2 + input.below(5);
        boolean moves = type == GuestDisk.IN || type == GuestDisk.OUT;
        int data = moves ? sectors * Storage.SECTOR_BYTES : RANGE_BYTES;
        ByteBuffer request = ByteBuffer.allocate(BlockQueue.HEADER_BYTES + (type == GuestDisk.IN ? 0 : data))
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(type)
                .putInt(0)
                .putLong(moves ? sector : 0);
        if (!moves) {
            request.putLong(sector).putInt(sectors).putInt(0);
        }
        driver.offer(request.array(), type == GuestDisk.IN ? data + 1 : 1);
    }

    /** An image in memory that moves what it is asked to move, having looked whether it may. */
    private record Image(boolean isReadOnly) implements Storage {
        private static final MemorySegment BYTES = Arena.global().allocate((long) SECTORS * SECTOR_BYTES);

        @Override
        public String name() {
            return "memory";
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
            return new Limits(SECTOR_BYTES, SECTOR_BYTES, !isReadOnly, !isReadOnly, !isReadOnly);
        }

        @Override
        public StorageQueue open(DeviceLoop loop, StorageQueue.Completion completion) {
            return new ImageQueue(isReadOnly, completion);
        }

        @Override
        public void close() {
            // Nothing is held.
        }
    }

    private record ImageQueue(boolean readOnly, Completion completion) implements StorageQueue {
        private static void check(long offset, long bytes) {
            long all = Image.BYTES.byteSize();
            if (offset < 0 || bytes <= 0 || bytes > all || offset > all - bytes) {
                throw new AssertionError("%d bytes at %d of %d".formatted(bytes, offset, all));
            }
            if (offset % Storage.SECTOR_BYTES != 0 || bytes % Storage.SECTOR_BYTES != 0) {
                throw new AssertionError("%d bytes at %d are no sectors".formatted(bytes, offset));
            }
        }

        private void checkWrite(long offset, long bytes) {
            check(offset, bytes);
            if (readOnly) {
                throw new AssertionError("a write to a read-only image");
            }
        }

        @Override
        public void read(Transfer transfer) {
            check(transfer.offset(), transfer.bytes());
            transfer.copyIntoGuest(0, Image.BYTES, transfer.offset(), transfer.bytes());
            completion.completed(transfer.slot(), 0);
        }

        @Override
        public void write(Transfer transfer, boolean durable) {
            checkWrite(transfer.offset(), transfer.bytes());
            transfer.copyFromGuest(0, Image.BYTES, transfer.offset(), transfer.bytes());
            completion.completed(transfer.slot(), 0);
        }

        @Override
        public void flush(int slot) {
            completion.completed(slot, 0);
        }

        @Override
        public void discard(int slot, long offset, long bytes) {
            checkWrite(offset, bytes);
            completion.completed(slot, 0);
        }

        @Override
        public void secureErase(int slot, long offset, long bytes) {
            discard(slot, offset, bytes);
        }

        @Override
        public void writeZeroes(int slot, long offset, long bytes, boolean mayUnmap, boolean durable) {
            discard(slot, offset, bytes);
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

    @Override
    public void close() {
        loop.close();
        driver.close();
        log.close();
    }
}
