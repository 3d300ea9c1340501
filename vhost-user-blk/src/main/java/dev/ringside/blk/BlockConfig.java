package dev.ringside.blk;

import dev.ringside.blk.storage.Storage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** struct virtio_blk_config (virtio 1.2 §5.2.4), up to the fields of the features that are offered. */
final class BlockConfig {
    static final int BYTES = 72;

    static final int CAPACITY = 0;
    static final int SIZE_MAX = 8;
    static final int SEG_MAX = 12;
    static final int BLK_SIZE = 20;
    static final int PHYSICAL_BLOCK_EXP = 24;
    static final int MIN_IO_SIZE = 26;
    static final int OPT_IO_SIZE = 28;
    static final int WRITEBACK = 32;
    static final int NUM_QUEUES = 34;
    static final int MAX_DISCARD_SECTORS = 36;
    static final int MAX_DISCARD_SEG = 40;
    static final int DISCARD_SECTOR_ALIGNMENT = 44;
    static final int MAX_WRITE_ZEROES_SECTORS = 48;
    static final int MAX_WRITE_ZEROES_SEG = 52;
    static final int WRITE_ZEROES_MAY_UNMAP = 56;
    static final int MAX_SECURE_ERASE_SECTORS = 60;
    static final int MAX_SECURE_ERASE_SEG = 64;
    static final int SECURE_ERASE_SECTOR_ALIGNMENT = 68;

    /**
     * Data segments in one request. A request also needs two descriptors for header and status, and must fit into a
     * queue of 128, the usual size, when the driver has no indirect descriptors.
     */
    static final int MAX_SEGMENTS = 126;

    /**
     * Bytes in one segment. We need no limit, but drivers multiply: SeaBIOS counts the blocks of {@link #MAX_SEGMENTS} such
     * segments in 16 bits, and boots from no disk where its count comes out as 0. This one is the most that fits.
     */
    static final int MAX_SEGMENT_BYTES = 256 << 10;

    /** In one range: 4 GiB to discard, which costs little; 32 MiB to zero, which may mean to write them. */
    static final int MAX_DISCARD = 1 << 23;

    static final int MAX_WRITE_ZEROES = 1 << 16;

    /** Ranges in one discard or write-zeroes request. */
    static final int MAX_RANGES = 32;

    private BlockConfig() {}

    static byte[] of(Storage storage, int blockBytes, boolean writeback, int numQueues) {
        ByteBuffer config = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        Storage.Limits limits = storage.limits();
        int physicalBytes = Math.max(limits.blockBytes(), blockBytes);
        int discardBytes = Math.max(limits.discardBytes(), blockBytes);
        config.putLong(CAPACITY, storage.sectors());
        config.putInt(SIZE_MAX, MAX_SEGMENT_BYTES);
        config.putInt(SEG_MAX, MAX_SEGMENTS);
        config.putInt(BLK_SIZE, blockBytes);
        config.put(PHYSICAL_BLOCK_EXP, (byte) Integer.numberOfTrailingZeros(physicalBytes / blockBytes));
        config.putShort(MIN_IO_SIZE, (short) (physicalBytes / blockBytes));
        config.putInt(OPT_IO_SIZE, 0);
        config.put(WRITEBACK, (byte) (writeback ? 1 : 0));
        config.putShort(NUM_QUEUES, (short) numQueues);
        if (limits.discard()) {
            config.putInt(MAX_DISCARD_SECTORS, MAX_DISCARD);
            config.putInt(MAX_DISCARD_SEG, MAX_RANGES);
            config.putInt(DISCARD_SECTOR_ALIGNMENT, discardBytes / Storage.SECTOR_BYTES);
        }
        if (limits.writeZeroes()) {
            config.putInt(MAX_WRITE_ZEROES_SECTORS, MAX_WRITE_ZEROES);
            config.putInt(MAX_WRITE_ZEROES_SEG, MAX_RANGES);
            config.put(WRITE_ZEROES_MAY_UNMAP, (byte) 1);
        }
        if (limits.secureErase()) {
            config.putInt(MAX_SECURE_ERASE_SECTORS, MAX_DISCARD);
            config.putInt(MAX_SECURE_ERASE_SEG, MAX_RANGES);
            config.putInt(SECURE_ERASE_SECTOR_ALIGNMENT, discardBytes / Storage.SECTOR_BYTES);
        }
        return config.array();
    }
}
