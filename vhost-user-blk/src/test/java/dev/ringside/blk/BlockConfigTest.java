package dev.ringside.blk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.testing.Payload;
import org.junit.jupiter.api.Test;

/** struct virtio_blk_config (virtio 1.2 §5.2.4), as a driver reads it. */
class BlockConfigTest extends OnDisk {
    private long field(int offset, int width) {
        return Payload.value(disk.frontEnd().getConfig(offset, width), 0, width);
    }

    @Test
    void shouldTellTheCapacityInSectors() {
        assertThat(field(0, 8)).isEqualTo(SECTORS);
    }

    /** A request of seg_max segments, with header and status, fits into the smallest usual queue. */
    @Test
    void shouldTellTheLimitsOfARequest() {
        assertThat(field(8, 4)).as("size_max").isEqualTo(256 << 10);
        assertThat(field(12, 4)).as("seg_max").isEqualTo(126);
    }

    /** SeaBIOS keeps this product as it stands here, in 16 bits, and moves at most so many blocks at once. */
    @Test
    void shouldLetFirmwareMultiplyItsLimits() {
        long blocks = field(8, 4) * field(12, 4) / 512;
        assertThat(blocks).isBetween(128L, 0xffffL);
    }

    @Test
    void shouldTellItsBlockSizes() {
        assertThat(field(20, 4)).as("blk_size").isEqualTo(512);
        assertThat(field(24, 1)).as("physical_block_exp").isEqualTo(3);
        assertThat(field(25, 1)).as("alignment_offset").isZero();
        assertThat(field(26, 2)).as("min_io_size").isEqualTo(8);
    }

    @Test
    void shouldTellItsQueuesAndItsCache() {
        assertThat(field(32, 1)).as("writeback").isEqualTo(1);
        assertThat(field(34, 2)).as("num_queues").isEqualTo(GuestDisk.QUEUES);
        assertThat(disk.frontEnd().getQueueNum()).isEqualTo(GuestDisk.QUEUES);
    }

    @Test
    void shouldTellTheLimitsOfRanges() {
        assertThat(field(36, 4)).as("max_discard_sectors").isPositive();
        assertThat(field(40, 4)).as("max_discard_seg").isEqualTo(32);
        assertThat(field(44, 4)).as("discard_sector_alignment").isEqualTo(8);
        assertThat(field(48, 4)).as("max_write_zeroes_sectors").isPositive();
        assertThat(field(52, 4)).as("max_write_zeroes_seg").isEqualTo(32);
        assertThat(field(56, 1)).as("write_zeroes_may_unmap").isEqualTo(1);
    }
}
