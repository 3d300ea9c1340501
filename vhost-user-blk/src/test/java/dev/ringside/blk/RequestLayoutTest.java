package dev.ringside.blk;

import static dev.ringside.blk.GuestDisk.BUFFERS;
import static dev.ringside.blk.GuestDisk.IN;
import static dev.ringside.blk.GuestDisk.OK;
import static dev.ringside.blk.GuestDisk.OUT;
import static dev.ringside.blk.GuestDisk.header;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.blk.GuestDisk.Result;
import dev.ringside.testing.ChainBuilder;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.Payload;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** "The device MUST NOT make assumptions about the framing of requests" (virtio 1.2 §2.7.4.1). */
class RequestLayoutTest extends OnDisk {
    private static byte[] noise(int bytes) {
        byte[] noise = new byte[bytes];
        new Random(bytes).nextBytes(noise);
        return noise;
    }

    private void wrote(long sector, byte... data) {
        System.arraycopy(data, 0, content, (int) sector * 512, data.length);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 8, 15})
    void shouldTakeAHeaderInPieces(int piece) {
        byte[] header = header(IN, 77);
        ChainBuilder request = disk.begin();
        for (int at = 0; at < header.length; at += piece) {
            request.readable(Arrays.copyOfRange(header, at, Math.min(at + piece, header.length)));
        }
        Result result = disk.finish(request.writable(512));
        assertThat(result.status()).isEqualTo(OK);
        assertThat(result.data()).isEqualTo(content(77, 512));
    }

    @Test
    void shouldTakeDataInTheHeadersBuffer() {
        byte[] data = noise(1024);
        byte[] all = new Payload().bytes(header(OUT, 5)).bytes(data).done();
        assertThat(disk.finish(disk.begin().readable(all)).status()).isEqualTo(OK);
        wrote(5, data);
    }

    @Test
    void shouldTakeDataCutAnywhere() {
        byte[] data = noise(4096);
        byte[] all = new Payload().bytes(header(OUT, 9)).bytes(data).done();
        ChainBuilder request = disk.begin();
        int at = 0;
        for (int length : new int[] {7, 1, 13, 511, 512, 513, 1, 2}) {
            request.readable(Arrays.copyOfRange(all, at, at + length));
            at += length;
        }
        assertThat(disk.finish(request.readable(Arrays.copyOfRange(all, at, all.length)))
                        .status())
                .isEqualTo(OK);
        wrote(9, data);
    }

    @Test
    void shouldWriteTheStatusInTheDatasBuffer() {
        Result result = disk.send(disk.begin(IN, 4).writable(1025));
        assertThat(result.status()).isEqualTo(OK);
        assertThat(result.data()).isEqualTo(content(4, 1024));
    }

    @Test
    void shouldWriteTheStatusBehindTheLastBytesOfData() {
        Result result = disk.send(disk.begin(IN, 4).writable(1000).writable(25));
        assertThat(result.status()).isEqualTo(OK);
        assertThat(result.data()).isEqualTo(content(4, 1024));
    }

    @Test
    void shouldReadIntoSegmentsOfOneByte() {
        ChainBuilder request = disk.begin(IN, 6).indirect();
        for (int i = 0; i < 512; i++) {
            request.writable(1);
        }
        Result result = disk.finish(request);
        assertThat(result.status()).isEqualTo(OK);
        assertThat(result.data()).isEqualTo(content(6, 512));
    }

    /** Around what fits into one operation (128), and beyond what drivers are told to send (126). */
    @ParameterizedTest
    @ValueSource(ints = {2, 126, 127, 128, 129, 200, 256, 257, 500, 1000})
    void shouldTransferManySegments(int segments) {
        byte[] data = noise(segments * 512);
        ChainBuilder write = disk.begin(OUT, 0).indirect();
        for (int i = 0; i < segments; i++) {
            write.readable(Arrays.copyOfRange(data, i * 512, (i + 1) * 512));
        }
        assertThat(disk.finish(write).status()).isEqualTo(OK);
        wrote(0, data);

        ChainBuilder read = disk.begin(IN, 1).indirect();
        for (int i = 0; i < segments - 1; i++) {
            read.writable(512);
        }
        Result result = disk.finish(read);
        assertThat(result.status()).isEqualTo(OK);
        assertThat(result.data()).isEqualTo(content(1, (segments - 1) * 512));
    }

    @ParameterizedTest
    @ValueSource(ints = {129, 131, 255, 383})
    void shouldGoOnBetweenOperationsWithinASector(int segments) {
        // 129 buffers of 508 bytes and a rest: no boundary of 128 segments is one of a sector.
        int bytes = (segments * 508 + 511) / 512 * 512;
        ChainBuilder read = disk.begin(IN, 2).indirect();
        for (int i = 0; i < segments; i++) {
            read.writable(508);
        }
        Result result = disk.finish(read.writable(bytes - segments * 508));
        assertThat(result.status()).isEqualTo(OK);
        assertThat(result.data()).isEqualTo(content(2, bytes));
    }

    /** Adjacent regions, whose mappings do not adjoin: a buffer across the seam takes two of what readv counts. */
    @Test
    void shouldTransferMoreThan1024Iovecs() {
        long seam = BUFFERS + GuestDisk.BUFFER_BYTES;
        disk.memory().region(seam, 8 * BUFFERS, 1 << 20);
        disk.frontEnd().addMemReg(disk.memory().regions().get(2));
        int segments = 1000;
        ChainBuilder read = disk.begin(IN, 0).indirect();
        for (int i = 0; i < segments; i++) {
            read.writableAt(i < 60 ? seam - 256 : seam + i * 512L, 512);
        }
        Result result = disk.finish(read);
        assertThat(result.status()).isEqualTo(OK);
        assertThat(result.written()).isEqualTo(segments * 512L + 1);
        assertThat(disk.memory().get(seam - 256, 512)).isEqualTo(content(59, 512));
        assertThat(disk.memory().get(seam + 60 * 512, (segments - 60) * 512))
                .isEqualTo(content(60, (segments - 60) * 512));

        byte[] sector = noise(512);
        disk.memory().put(seam - 256, sector);
        ChainBuilder write = disk.begin(OUT, 10).indirect();
        for (int i = 0; i < segments; i++) {
            write.readableAt(i % 20 == 0 ? seam - 256 : seam + 4096, 512);
        }
        assertThat(disk.finish(write).status()).isEqualTo(OK);
        byte[] other = disk.memory().get(seam + 4096, 512);
        for (int i = 0; i < segments; i++) {
            wrote(10 + i, i % 20 == 0 ? sector : other);
        }
    }

    /** The header, too, may lie across a seam. */
    @Test
    void shouldTakeAHeaderAcrossRegions() {
        long seam = BUFFERS + GuestDisk.BUFFER_BYTES;
        disk.memory().region(seam, 8 * BUFFERS, 4096);
        disk.frontEnd().addMemReg(disk.memory().regions().get(2));
        for (int before = 1; before < 16; before++) {
            disk.memory().put(seam - before, header(IN, 31));
            Result result =
                    disk.finish(disk.begin().readableAt(seam - before, 16).writable(512));
            assertThat(result.status()).isEqualTo(OK);
            assertThat(result.data()).isEqualTo(content(31, 512));
        }
    }

    /** libblkio does. */
    @Test
    void shouldTakeBuffersAtOddAddresses() {
        FakeMemory memory = disk.memory();
        memory.put(BUFFERS + 1001, header(IN, 55));
        Result result = disk.finish(disk.begin()
                .readableAt(BUFFERS + 1001, 16)
                .writableAt(BUFFERS + 2003, 511)
                .writableAt(BUFFERS + 3005, 1));
        assertThat(result.status()).isEqualTo(OK);
        assertThat(result.data()).isEqualTo(content(55, 512));
    }

    @Test
    void shouldReadAllInOneRequest() {
        Result result = disk.finish(disk.begin(IN, 0).writable(BYTES));
        assertThat(result.data()).isEqualTo(content);
    }
}
