package dev.ringside.blk;

import static dev.ringside.blk.GuestDisk.DISCARD;
import static dev.ringside.blk.GuestDisk.IOERR;
import static dev.ringside.blk.GuestDisk.OK;
import static dev.ringside.blk.GuestDisk.UNSUPP;
import static dev.ringside.blk.GuestDisk.WRITE_ZEROES;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.blk.storage.FileStorage;
import dev.ringside.testing.Payload;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** A disk for reading only says so, and keeps what it has. */
class ReadOnlyTest extends OnDisk {
    private static final long F_RO = 1L << 5;

    @Override
    GuestDisk open() throws IOException {
        return new GuestDisk(FileStorage.open(image, true, false), engine);
    }

    @Test
    void shouldOfferRo() {
        assertThat(disk.frontEnd().getFeatures() & F_RO).isNotZero();
    }

    @Test
    void shouldRead() {
        assertThat(disk.read(0, BYTES)).isEqualTo(content);
    }

    @Test
    void shouldRefuseToWrite() {
        assertThat(disk.write(0, new byte[512])).isEqualTo(IOERR);
        assertThat(disk.write(0)).isEqualTo(IOERR);
    }

    @Test
    void shouldRefuseToDiscardAndToZero() {
        byte[] range = new Payload().u64(0).u32(8, 0).done();
        for (int type : new int[] {DISCARD, WRITE_ZEROES}) {
            assertThat(disk.finish(disk.begin(type, 0).readable(range)).status())
                    .isIn(IOERR, UNSUPP);
        }
    }

    @Test
    void shouldFlush() {
        assertThat(disk.flush()).isEqualTo(OK);
    }
}
