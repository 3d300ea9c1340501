package dev.ringside.blk;

import static dev.ringside.blk.GuestDisk.BUFFERS;
import static dev.ringside.blk.GuestDisk.DISCARD;
import static dev.ringside.blk.GuestDisk.FLUSH;
import static dev.ringside.blk.GuestDisk.IN;
import static dev.ringside.blk.GuestDisk.IOERR;
import static dev.ringside.blk.GuestDisk.NONE;
import static dev.ringside.blk.GuestDisk.OUT;
import static dev.ringside.blk.GuestDisk.UNSUPP;
import static dev.ringside.blk.GuestDisk.WRITE_ZEROES;
import static dev.ringside.blk.GuestDisk.header;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.blk.GuestDisk.Result;
import dev.ringside.testing.ChainBuilder;
import dev.ringside.testing.FakeChain;
import dev.ringside.testing.Payload;
import dev.ringside.testing.SplitDriver;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that ask for what cannot be: an error in the status, the disk unchanged, and the next request served. */
class BadRequestTest extends OnDisk {
    private void shouldFail(Result result) {
        assertThat(result.status()).isEqualTo(IOERR);
        int data = result.data().length;
        assertThat(result.written()).isEqualTo(data == 0 ? 1 : 0);
        assertThat(result.data()).as("data that was never read").containsOnly(data == 0 ? new byte[0] : new byte[1]);
    }

    @ParameterizedTest
    @CsvSource({
        "2048, 512", // the first sector that is not there
        "2047, 1024", // across the end
        "0, 1049088", // the whole disk and one more
        "9223372036854775807, 512", // sectors that overflow as bytes
        "36028797018963968, 512",
        "-1, 512",
        "-9223372036854775808, 512",
        "-1, 1024"
    })
    void shouldRefuseATransferBeyondTheEnd(long sector, int bytes) {
        shouldFail(disk.finish(disk.begin(IN, sector).writable(bytes)));
        Result write = disk.finish(disk.begin(OUT, sector).readable(new byte[bytes]));
        assertThat(write.status()).isEqualTo(IOERR);
        assertThat(write.written()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 511, 513, 1023, 4095})
    void shouldRefuseALengthThatIsNoMultipleOfASector(int bytes) {
        shouldFail(disk.finish(disk.begin(IN, 0).writable(bytes)));
        assertThat(disk.finish(disk.begin(OUT, 0).readable(new byte[bytes])).status())
                .isEqualTo(IOERR);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 8, 15})
    void shouldRefuseAShortHeader(int bytes) {
        shouldFail(disk.finish(
                disk.begin().readable(Arrays.copyOf(header(IN, 0), bytes)).writable(512)));
        shouldFail(disk.finish(disk.begin().readable(Arrays.copyOf(header(FLUSH, 0), bytes))));
    }

    @Test
    void shouldRefuseARequestWithoutAHeader() {
        shouldFail(disk.send(disk.begin().writable(513)));
    }

    /** There is nowhere to say that it failed, so the chain just comes back. */
    @ParameterizedTest
    @ValueSource(ints = {IN, OUT, FLUSH, 99})
    void shouldReturnARequestWithoutAStatus(int type) {
        assertThat(disk.send(disk.begin(type, 0)).written()).isZero();
        assertThat(disk.send(disk.begin(type, 0).readable(new byte[512])).written())
                .isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "2048, 1", // beyond the end
        "2047, 2",
        "9223372036854775807, 1",
        "-1, 1",
        "0, 4294967295" // far more than is announced
    })
    void shouldRefuseARangeBeyondTheEnd(long sector, long sectors) {
        byte[] range = new Payload().u64(sector).u32(sectors, 0).done();
        for (int type : new int[] {DISCARD, WRITE_ZEROES}) {
            assertThat(disk.finish(disk.begin(type, 0).readable(range)).status())
                    .isEqualTo(IOERR);
        }
    }

    @Test
    void shouldRefuseAllRangesForTheSakeOfOne() {
        byte[] ranges = new Payload().u64(0).u32(8, 0).u64(SECTORS).u32(1, 0).done();
        for (int type : new int[] {DISCARD, WRITE_ZEROES}) {
            assertThat(disk.finish(disk.begin(type, 0).readable(ranges)).status())
                    .isEqualTo(IOERR);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 15, 17, 33 * 16})
    void shouldRefuseAWrongNumberOfRanges(int bytes) {
        for (int type : new int[] {DISCARD, WRITE_ZEROES}) {
            ChainBuilder request = disk.begin(type, 0);
            if (bytes > 0) {
                request.readable(new byte[bytes]);
            }
            assertThat(disk.finish(request).status()).isEqualTo(IOERR);
        }
    }

    /** "...MUST set the status to UNSUPP if any reserved flag is set", and unmap is one for a discard (§5.2.6.2). */
    @Test
    void shouldNotSupportUnknownFlagsOfARange() {
        for (long flags : new long[] {2, 0x8000_0000L, 0xffff_ffffL}) {
            byte[] range = new Payload().u64(0).u32(8, flags).done();
            assertThat(disk.finish(disk.begin(WRITE_ZEROES, 0).readable(range)).status())
                    .isEqualTo(UNSUPP);
        }
        byte[] unmap = new Payload().u64(0).u32(8, 1).done();
        assertThat(disk.finish(disk.begin(DISCARD, 0).readable(unmap)).status()).isEqualTo(UNSUPP);
    }

    /** A chain that breaks the ring's rules, but shows where its status belongs. */
    @Test
    void shouldWriteAStatusIntoAMalformedChainThatEndsWithOne() {
        long outside = 0x7000_0000_0000L;
        Result result = disk.finish(disk.begin(IN, 0).writableAt(outside, 512));
        assertThat(disk.memory().get(status(result.chain()), 1)).containsExactly(IOERR);
        assertThat(result.written()).isZero();

        result = disk.finish(disk.begin(OUT, 0).readableAt(outside, 512));
        assertThat(disk.memory().get(status(result.chain()), 1)).containsExactly(IOERR);
    }

    private static long status(FakeChain chain) {
        return chain.buffers().get(chain.buffers().size() - 1).address();
    }

    @Test
    void shouldReturnAMalformedChainThatDoesNotEndWithAStatus() {
        disk.memory().put(BUFFERS + 4096, (byte) NONE);
        SplitDriver driver = disk.vring(0).splitDriver();
        driver.descriptor(0, BUFFERS + 4096, 1, SplitDriver.WRITE | SplitDriver.NEXT, 0);
        driver.offerHead(0);
        disk.vring(0).kick();
        assertThat(disk.vring(0).awaitUsed().id()).isZero();
        assertThat(disk.memory().get(BUFFERS + 4096, 1)).containsExactly(NONE);
    }
}
