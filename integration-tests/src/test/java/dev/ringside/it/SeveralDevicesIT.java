package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Child;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.QemuTools;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** One process serves several devices, each with its own front-ends. */
@ExtendWith(Lab.class)
class SeveralDevicesIT {
    @TempDir
    private Path directory;

    @Test
    void theFrontEndsOfOneDeviceDoNotConcernTheOther() throws Exception {
        Path one = Images.blank(directory.resolve("one"), Images.MIB);
        Path other = Images.random(directory.resolve("other"), 1);
        Path socket = Backend.socketOf(one);
        Path otherSocket = Backend.socketOf(other);
        String untouched = Images.sha256(other);
        List<String> devices = List.of(
                "socket-path=%s,blk-file=%s".formatted(socket, one),
                "socket-path=%s,blk-file=%s,read-only=on".formatted(otherSocket, other));
        try (Backend backend = Backend.serveAll(socket, devices, "--threads=2");
                Child killed = QemuTools.attach(socket)) {
            QemuTools.img("convert", "--image-opts", "-O", "raw", QemuTools.disk(otherSocket), directory + "/copy")
                    .expectSuccess();
            killed.kill();
            QemuTools.io(socket, "write -P 0x66 0 1M", "read -P 0x66 0 1M").expectSuccess();

            assertThat(Images.sha256(directory.resolve("copy"))).isEqualTo(untouched);
            assertThat(backend.end("TERM").status()).isZero();
            assertThat(socket).doesNotExist();
            assertThat(otherSocket).doesNotExist();
        }
    }
}
