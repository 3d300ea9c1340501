package dev.ringside.blk;

import static dev.ringside.blk.GuestDisk.IN;
import static dev.ringside.blk.GuestDisk.IOERR;
import static dev.ringside.blk.GuestDisk.OK;
import static dev.ringside.testing.VhostUser.BACKEND_CONFIG_CHANGE_MSG;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.Substitute;
import dev.ringside.linux.UnixSocket;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.Payload;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The image changes under the disk, by another hand or by its host's misfortune. */
class ImageChangeTest extends OnDisk {
    private void truncate(long bytes) throws LinuxException {
        try (Fd host = HostFile.open(image, HostFile.O_RDWR)) {
            HostFile.truncate(host, bytes);
        }
    }

    @Test
    void shouldFailReadsBeyondTheEndOfATruncatedImage() throws Exception {
        truncate(BYTES / 2);
        int half = SECTORS / 2;
        assertThat(disk.finish(disk.begin(IN, half).writable(512)).status()).isEqualTo(IOERR);
        assertThat(disk.finish(disk.begin(IN, SECTORS - 1).writable(512)).status())
                .isEqualTo(IOERR);
        assertThat(disk.finish(disk.begin(IN, half - 1).writable(1024)).status())
                .as("partly there")
                .isEqualTo(IOERR);
        assertThat(disk.read(half - 1, 512)).isEqualTo(content(half - 1, 512));

        truncate(BYTES);
        Arrays.fill(content, BYTES / 2, BYTES, (byte) 0);
        assertThat(disk.read(half - 1, 1024)).isEqualTo(content(half - 1, 1024));
    }

    /** From wherever the image ends, and whatever cut the request has. */
    @ParameterizedTest
    @ValueSource(ints = {1, 511, 513, 100_000})
    void shouldFailAReadThatTheImageEndsWithin(int bytes) throws Exception {
        truncate(bytes);
        var request = disk.begin(IN, 0).indirect();
        for (int i = 0; i < 200; i++) {
            request.writable(1024);
        }
        assertThat(disk.finish(request).status()).isEqualTo(IOERR);
        truncate(BYTES);
        Arrays.fill(content, bytes, BYTES, (byte) 0);
        assertThat(disk.read(0, BYTES)).isEqualTo(content);
    }

    @Test
    void shouldFailAtTheHostsErrorsAndGoOnWhenTheyAreOver() throws Exception {
        assertThat(Substitute.put(image, Path.of("/dev/full"))).isPositive();
        assertThat(disk.write(0, new byte[512])).isEqualTo(IOERR);
        assertThat(disk.finish(disk.begin(GuestDisk.OUT, 0)
                                .readable(new byte[100])
                                .readable(new byte[412]))
                        .status())
                .isEqualTo(IOERR);
        Substitute.put(Path.of("/dev/full"), image);
        assertThat(disk.write(0, content(0, 512))).isEqualTo(OK);
        assertThat(disk.flush()).isEqualTo(OK);
    }

    /** The kernel tells of lost writes once; whoever flushes later must not believe that they were saved. */
    @Test
    void shouldFailEveryFlushAfterOneThatFailed() throws Exception {
        Substitute.put(image, Path.of("/dev/full")); // which cannot be flushed, either
        assertThat(disk.flush()).isEqualTo(IOERR);
        Substitute.put(Path.of("/dev/full"), image);
        assertThat(disk.flush()).isEqualTo(IOERR);
        assertThat(disk.write(0, content(0, 512))).isEqualTo(OK);
        disk.reconnect(-1);
        assertThat(disk.flush()).isEqualTo(IOERR);
    }

    /** The capacity that the config space tells. */
    private long capacity() {
        return Payload.value(disk.frontEnd().getConfig(0, 8), 0, 8);
    }

    @Test
    void shouldTellTheDriverOfAnImageThatHasGrown() throws Exception {
        UnixSocket[] pair = UnixSocket.pair();
        disk.frontEnd().setBackendReqFd(pair[1].fd());
        pair[1].close();
        try (FakeFrontEnd backChannel = new FakeFrontEnd(pair[0])) {
            assertThat(capacity()).isEqualTo(SECTORS);
            truncate(2L * BYTES);
            content = Arrays.copyOf(content, 2 * BYTES);

            disk.device().refreshSize();

            assertThat(backChannel.receive().request()).isEqualTo(BACKEND_CONFIG_CHANGE_MSG);
            assertThat(capacity()).isEqualTo(2 * SECTORS);
            assertThat(disk.read(2 * SECTORS - 1, 512)).isEqualTo(content(2 * SECTORS - 1, 512));
        }
    }

    @Test
    void shouldRefuseRequestsBeyondAnImageThatHasShrunk() throws Exception {
        truncate(BYTES / 2);
        content = Arrays.copyOf(content, BYTES / 2);
        disk.device().refreshSize();
        assertThat(capacity()).isEqualTo(SECTORS / 2);
        assertThat(disk.write(SECTORS / 2, new byte[512])).isEqualTo(IOERR);
        assertThat(disk.write(SECTORS / 2 - 1, new byte[1024])).isEqualTo(IOERR);
    }
}
