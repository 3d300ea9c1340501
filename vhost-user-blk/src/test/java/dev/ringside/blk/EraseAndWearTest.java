package dev.ringside.blk;

import static dev.ringside.blk.GuestDisk.IOERR;
import static dev.ringside.blk.GuestDisk.OK;
import static dev.ringside.blk.GuestDisk.UNSUPP;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.blk.GuestDisk.Result;
import dev.ringside.loop.Engine;
import dev.ringside.testing.EachEngine;
import dev.ringside.testing.Payload;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;

/** SECURE_ERASE and GET_LIFETIME (virtio 1.2 §5.2.6), on a storage that knows them. */
@EachEngine
class EraseAndWearTest {
    private static final int GET_LIFETIME = 10;
    private static final int SECURE_ERASE = 14;

    @Parameter
    Engine engine;

    private final RecordingStorage storage = new RecordingStorage();
    private GuestDisk disk;

    @BeforeEach
    void open() {
        disk = new GuestDisk(storage, engine);
    }

    @AfterEach
    void close() {
        disk.close();
    }

    private static byte[] range(long sector, long sectors, long flags) {
        return new Payload().u64(sector).u32(sectors, flags).done();
    }

    private Result erase(byte[] ranges) {
        return disk.finish(disk.begin(SECURE_ERASE, 0).readable(ranges));
    }

    @Test
    void shouldEraseEachRange() {
        byte[] ranges =
                new Payload().bytes(range(8, 16, 0)).bytes(range(64, 8, 0)).done();
        assertThat(erase(ranges).status()).isEqualTo(OK);
        assertThat(storage.takeRequests()).containsExactly("erase 8192 at 4096", "erase 4096 at 32768");
    }

    @Test
    void shouldRefuseToEraseWithFlagsOrBeyondTheDisk() {
        assertThat(erase(range(8, 16, 1)).status()).isEqualTo(UNSUPP);
        assertThat(erase(range(RecordingStorage.SECTORS, 1, 0)).status()).isEqualTo(IOERR);
        assertThat(storage.takeRequests()).isEmpty();
    }

    @Test
    void shouldTellTheLimitsOfErasing() {
        assertThat(disk.device().features() & BlockFeature.SECURE_ERASE).isNotZero();
        byte[] config = disk.frontEnd().getConfig(60, 12);
        assertThat(config).startsWith(new Payload().u32(1 << 23, 32).done()).endsWith(1, 0, 0, 0);
    }

    @Test
    void shouldTellItsWear() {
        assertThat(disk.device().features() & BlockFeature.LIFETIME).isNotZero();
        Result result = disk.finish(disk.begin(GET_LIFETIME, 0).writable(6));
        assertThat(result.status()).isEqualTo(OK);
        assertThat(result.written()).isEqualTo(7);
        assertThat(result.data()).containsExactly(1, 0, 2, 0, 11, 0);
    }

    @Test
    void shouldTellItsWearToNobodyWithoutRoom() {
        assertThat(disk.finish(disk.begin(GET_LIFETIME, 0).writable(5)).status())
                .isEqualTo(IOERR);
        assertThat(disk.finish(disk.begin(GET_LIFETIME, 0)).status()).isEqualTo(IOERR);
    }
}
