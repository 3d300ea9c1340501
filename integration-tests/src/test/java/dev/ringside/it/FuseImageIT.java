package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Child;
import dev.ringside.it.support.FuseFile;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.QemuTools;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** An image that another process answers for, by FUSE, and that stops answering; beside a disk that has nothing to do with it. */
@ExtendWith(Lab.class)
class FuseImageIT {
    private static final int MIB = 4;
    /** For longer than it takes until the size of an image is looked at. */
    private static final int SONGS = 20;

    @TempDir
    private Path directory;

    private Path image;
    private Path other;

    @AutoClose
    private FuseFile file;

    @BeforeEach
    void mount() throws Exception {
        other = Images.blank(directory.resolve("other"), (long) MIB * Images.MIB);
        image = directory.resolve("image");
        file = FuseFile.mount(image, Images.random(directory.resolve("content"), MIB));
    }

    @Test
    void anImageThatHangsHoldsUpNoOtherDisk() throws Exception {
        Path socket = Backend.socketOf(image);
        Path otherSocket = Backend.socketOf(other);
        List<String> devices = List.of(
                "socket-path=%s,blk-file=%s".formatted(socket, image),
                "socket-path=%s,blk-file=%s".formatted(otherSocket, other));
        try (Backend backend = Backend.serveAll(socket, devices)) {
            QemuTools.io(socket, "write -P 0x11 0 64k", "read -P 0x11 0 64k").expectSuccess();
            try (Child waiting = QemuTools.attach(socket)) {
                file.hang();
                waiting.say("write -P 0x22 1M 64k\n");
                for (int i = 0; i < SONGS; i++) {
                    QemuTools.io(otherSocket, "write -P 0x33 0 1M", "flush", "read -P 0x33 0 1M")
                            .expectSuccess();
                }
                assertThat(waiting.out().text()).doesNotContain("wrote 65536/65536 bytes at offset 1048576");
                file.goOn();
                waiting.out().await("wrote 65536/65536 bytes at offset 1048576");
            }
            QemuTools.io(socket, "read -P 0x22 1M 64k").expectSuccess();
            assertThat(backend.process().err().text()).doesNotContain(" WARN ");
        }
    }
}
