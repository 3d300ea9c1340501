package dev.ringside.blk;

import static dev.ringside.blk.GuestDisk.DISCARD;
import static dev.ringside.blk.GuestDisk.GET_ID;
import static dev.ringside.blk.GuestDisk.IN;
import static dev.ringside.blk.GuestDisk.OK;
import static dev.ringside.blk.GuestDisk.OUT;
import static dev.ringside.blk.GuestDisk.UNSUPP;
import static dev.ringside.blk.GuestDisk.WRITE_ZEROES;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.blk.GuestDisk.Result;
import dev.ringside.testing.Payload;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each type of request (virtio 1.2 §5.2.6), and the number of bytes that is reported as written. */
class RequestTypeTest extends OnDisk {
    @Test
    void shouldRead() {
        Result result = disk.finish(disk.begin(IN, 3).writable(4096));
        assertThat(result.status()).isEqualTo(OK);
        assertThat(result.written()).isEqualTo(4097);
        assertThat(result.data()).isEqualTo(content(3, 4096));
    }

    @Test
    void shouldReadTheFirstAndTheLastSector() {
        assertThat(disk.read(0, 512)).isEqualTo(content(0, 512));
        assertThat(disk.read(SECTORS - 1, 512)).isEqualTo(content(SECTORS - 1, 512));
        assertThat(disk.read(0, BYTES)).isEqualTo(content);
    }

    @Test
    void shouldWrite() {
        byte[] data = new byte[1536];
        Arrays.fill(data, (byte) 0x5a);
        Result result = disk.finish(disk.begin(OUT, 100).readable(data));
        assertThat(result.status()).isEqualTo(OK);
        assertThat(result.written()).isEqualTo(1);
        System.arraycopy(data, 0, content, 100 * 512, data.length);
        assertThat(disk.read(99, 2560)).isEqualTo(content(99, 2560));
    }

    @Test
    void shouldFlush() {
        Result result = disk.finish(disk.begin(GuestDisk.FLUSH, 0));
        assertThat(result.status()).isEqualTo(OK);
        assertThat(result.written()).isEqualTo(1);
    }

    /** The sector of a flush is reserved; some drivers leave anything there. */
    @Test
    void shouldIgnoreTheSectorOfAFlush() {
        assertThat(disk.finish(disk.begin(GuestDisk.FLUSH, -1)).status()).isEqualTo(OK);
    }

    @Test
    void shouldIgnoreTheReservedField() {
        byte[] header = new Payload().u32(IN, 0xffff_ffffL).u64(3).done();
        Result result = disk.finish(disk.begin().readable(header).writable(512));
        assertThat(result.status()).isEqualTo(OK);
        assertThat(result.data()).isEqualTo(content(3, 512));
    }

    @Test
    void shouldTransferNothing() {
        Result read = disk.finish(disk.begin(IN, SECTORS));
        assertThat(read.status()).isEqualTo(OK);
        assertThat(read.written()).isEqualTo(1);
        assertThat(disk.finish(disk.begin(OUT, SECTORS)).status()).isEqualTo(OK);
    }

    /** The ID has 20 bytes; whoever has less room gets its beginning, and whoever has more gets no more. */
    @ParameterizedTest
    @ValueSource(ints = {1, 19, 20, 21, 256})
    void shouldTellItsId(int room) {
        Result result = disk.finish(disk.begin(GET_ID, 0).writable(room));
        assertThat(result.status()).isEqualTo(OK);
        byte[] id = "serial-0123456789abc".getBytes(US_ASCII);
        assertThat(result.data()).isEqualTo(Arrays.copyOf(Arrays.copyOf(id, Math.min(room, 20)), room));
    }

    @Test
    void shouldTellNothingOfItsIdWithoutRoom() {
        Result result = disk.finish(disk.begin(GET_ID, 0));
        assertThat(result.status()).isEqualTo(OK);
        assertThat(result.written()).isEqualTo(1);
    }

    private static byte[] range(long sector, long sectors, long flags) {
        return new Payload().u64(sector).u32(sectors, flags).done();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1})
    void shouldWriteZeroes(long unmap) {
        Result result = disk.finish(disk.begin(WRITE_ZEROES, 0).readable(range(16, 24, unmap)));
        assertThat(result.status()).isEqualTo(OK);
        assertThat(result.written()).isEqualTo(1);
        Arrays.fill(content, 16 * 512, 40 * 512, (byte) 0);
        assertThat(disk.read(15, 26 * 512)).isEqualTo(content(15, 26 * 512));
    }

    @Test
    void shouldWriteZeroesInSeveralRanges() {
        byte[] ranges = new Payload()
                .bytes(range(1, 1, 0))
                .bytes(range(100, 0, 0))
                .bytes(range(3, 5, 1))
                .bytes(range(SECTORS - 1, 1, 0))
                .done();
        assertThat(disk.finish(disk.begin(WRITE_ZEROES, 0).readable(ranges)).status())
                .isEqualTo(OK);
        Arrays.fill(content, 512, 1024, (byte) 0);
        Arrays.fill(content, 3 * 512, 8 * 512, (byte) 0);
        Arrays.fill(content, (SECTORS - 1) * 512, BYTES, (byte) 0);
    }

    /** What is left where a range was discarded is the device's business, but it may be nobody else's data. */
    @Test
    void shouldDiscard() throws Exception {
        Result result = disk.finish(disk.begin(DISCARD, 0).readable(range(64, 128, 0)));
        assertThat(result.status()).isEqualTo(OK);
        byte[] now = disk.read(64, 128 * 512);
        assertThat(now).containsOnly(0);
        System.arraycopy(now, 0, content, 64 * 512, now.length);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 5, 6, 7, 9, 10, 12, 14, 16, 255, 0x8000_0000, 0xffff_ffff})
    void shouldNotSupportAnyOtherType(int type) {
        Result result = disk.finish(disk.begin(type, 0).writable(512));
        assertThat(result.status()).isEqualTo(UNSUPP);
        assertThat(result.written()).as("nothing before the status was written").isZero();
        assertThat(disk.finish(disk.begin(type, 0)).written()).isEqualTo(1);
    }
}
