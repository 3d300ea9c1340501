package dev.ringside.blk;

import static dev.ringside.blk.GuestDisk.DISCARD;
import static dev.ringside.blk.GuestDisk.FLUSH;
import static dev.ringside.blk.GuestDisk.IOERR;
import static dev.ringside.blk.GuestDisk.OK;
import static dev.ringside.blk.GuestDisk.UNSUPP;
import static dev.ringside.blk.GuestDisk.WRITE_ZEROES;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.Errno;
import dev.ringside.loop.Engine;
import dev.ringside.testing.EachEngine;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.Payload;
import dev.ringside.testing.VhostUser;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;

/**
 * When a write must be durable before it is reported: "If VIRTIO_BLK_F_FLUSH was not negotiated..., or the writeback
 * field is 0" (virtio 1.2 §5.2.6.2); and what else a storage is asked to do.
 */
@EachEngine
class DurabilityTest {
    private static final int WRITEBACK = 32;
    private static final long F_FLUSH = 1L << 9;
    private static final long F_CONFIG_WCE = 1L << 11;

    @Parameter
    Engine engine;

    private final RecordingStorage storage = new RecordingStorage();
    private GuestDisk disk;

    private void open(boolean writeback, long features) {
        BlockDevice.Settings settings = GuestDisk.SETTINGS;
        disk = new GuestDisk(
                storage,
                engine,
                new BlockDevice.Settings(
                        settings.label(), settings.serial(), settings.blockBytes(), writeback, settings.numQueues()),
                features);
    }

    @AfterEach
    void close() {
        disk.close();
    }

    private void shouldWriteBack() {
        assertThat(disk.write(8, new byte[1024])).isEqualTo(OK);
        assertThat(storage.takeRequests()).containsExactly("write 1024 at 4096");
    }

    private void shouldWriteThrough() {
        assertThat(disk.write(8, new byte[1024])).isEqualTo(OK);
        assertThat(storage.takeRequests()).containsExactly("write 1024 at 4096 durable");
        byte[] range = new Payload().u64(8).u32(16, 1).done();
        assertThat(disk.finish(disk.begin(WRITE_ZEROES, 0).readable(range)).status())
                .isEqualTo(OK);
        assertThat(storage.takeRequests()).containsExactly("zero 8192 at 4096 unmap durable");
    }

    @Test
    void shouldWriteBackForADriverThatFlushes() {
        open(true, -1);
        shouldWriteBack();
        assertThat(disk.flush()).isEqualTo(OK);
        assertThat(storage.takeRequests()).containsExactly("flush");
    }

    @Test
    void shouldWriteThroughForADriverThatCannotFlush() {
        open(true, ~F_FLUSH);
        shouldWriteThrough();
    }

    @Test
    void shouldWriteThroughWhenConfiguredSo() {
        open(false, -1);
        shouldWriteThrough();
        assertThat(disk.frontEnd().getConfig(WRITEBACK, 1)).containsExactly(0);
    }

    @Test
    void shouldWriteAsTheDriverChooses() {
        open(true, -1);
        disk.frontEnd().setConfig(WRITEBACK, (byte) 0);
        assertThat(disk.frontEnd().getConfig(WRITEBACK, 1)).containsExactly(0);
        shouldWriteThrough();
        disk.frontEnd().setConfig(WRITEBACK, (byte) 1);
        assertThat(disk.frontEnd().getConfig(WRITEBACK, 1)).containsExactly(1);
        shouldWriteBack();
    }

    @Test
    void shouldNotLetADriverChooseThatDidNotNegotiateIt() {
        open(true, ~F_CONFIG_WCE);
        assertThat(disk.frontEnd().acknowledged(VhostUser.SET_CONFIG, FakeFrontEnd.config(WRITEBACK, (byte) 0)))
                .isNotZero();
        shouldWriteBack();
    }

    @Test
    void shouldForgetTheChoiceOfTheDriverBefore() {
        open(true, -1);
        disk.frontEnd().setConfig(WRITEBACK, (byte) 0);
        shouldWriteThrough();
        disk.reconnect(-1);
        shouldWriteBack();
    }

    @Test
    void shouldRefuseToStoreAnythingElseInTheConfigSpace() {
        open(true, -1);
        for (byte[] config : new byte[][] {
            FakeFrontEnd.config(WRITEBACK, (byte) 2),
            FakeFrontEnd.config(WRITEBACK, (byte) -1),
            FakeFrontEnd.config(WRITEBACK, (byte) 0, (byte) 0),
            FakeFrontEnd.config(WRITEBACK - 1, (byte) 0),
            FakeFrontEnd.config(0, new byte[60]),
        }) {
            assertThat(disk.frontEnd().acknowledged(VhostUser.SET_CONFIG, config))
                    .isNotZero();
        }
        shouldWriteBack();
    }

    @Test
    void shouldAskForEachRangeByItself() {
        open(true, -1);
        byte[] ranges = new Payload()
                .u64(0)
                .u32(1, 0)
                .u64(9)
                .u32(0, 0)
                .u64(100)
                .u32(2, 0)
                .done();
        assertThat(disk.finish(disk.begin(DISCARD, 0).readable(ranges)).status())
                .isEqualTo(OK);
        assertThat(storage.takeRequests()).containsExactly("discard 512 at 0", "discard 1024 at 51200");
        assertThat(disk.finish(disk.begin(WRITE_ZEROES, 0).readable(ranges)).status())
                .isEqualTo(OK);
        assertThat(storage.takeRequests()).containsExactly("zero 512 at 0", "zero 1024 at 51200");
    }

    @Test
    void shouldReportWhatTheStorageFails() {
        open(true, -1);
        for (int errno : new int[] {Errno.EIO, Errno.ENOSPC, Errno.EOPNOTSUPP}) {
            int status = errno == Errno.EOPNOTSUPP ? UNSUPP : IOERR;
            storage.failWith(errno);
            assertThat(disk.write(0, new byte[512])).isEqualTo(status);
            assertThat(disk.finish(disk.begin(FLUSH, 0)).status()).isEqualTo(status);
            var read = disk.finish(disk.begin(GuestDisk.IN, 0).writable(512));
            assertThat(read.status()).isEqualTo(status);
            assertThat(read.written()).isZero();
        }
        storage.failWith(0);
        storage.takeRequests();
        shouldWriteBack();
    }

    /** After a range that failed, the rest is left alone. */
    @Test
    void shouldEndARequestAtTheFirstRangeThatFails() {
        open(true, -1);
        byte[] ranges = new Payload().u64(0).u32(1, 0).u64(9).u32(1, 0).done();
        storage.failWith(Errno.EIO);
        assertThat(disk.finish(disk.begin(DISCARD, 0).readable(ranges)).status())
                .isEqualTo(IOERR);
        assertThat(storage.takeRequests()).containsExactly("discard 512 at 0");
        storage.failWith(0);
    }
}
