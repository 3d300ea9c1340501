package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.QemuTools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What may be at the path of the socket already. */
@ExtendWith(Lab.class)
class SocketPathIT {
    @TempDir
    private Path directory;

    private Path image;
    private Path socket;

    @BeforeEach
    void makeImage() throws IOException {
        image = Images.blank(directory.resolve("disk"), Images.MIB);
        socket = Backend.socketOf(image);
    }

    @Test
    void aSocketThatADeadBackendLeftIsTakenOver() throws Exception {
        try (Backend killed = Backend.serve(image)) {
            killed.kill();
        }
        assertThat(socket).exists();
        try (Backend next = Backend.serve(image)) {
            QemuTools.io(next.socket(), "read 0 4k").expectSuccess();
        }
    }

    @Test
    void aSocketThatIsListenedOnIsRefusedAndGoesOn() throws Exception {
        try (Backend first = Backend.serve(image)) {
            Path another = Images.blank(directory.resolve("another"), Images.MIB);
            refuses(another, socket, "is in use by another process");
            QemuTools.io(first.socket(), "read 0 4k").expectSuccess();
        }
    }

    @Test
    void aRegularFileIsRefusedAndKept() throws Exception {
        Files.writeString(socket, "precious");
        refuses(image, socket, "is not a socket");
        assertThat(socket).hasContent("precious");
    }

    @Test
    void aDirectoryIsRefusedAndKept() throws Exception {
        Files.createDirectory(socket);
        refuses(image, socket, "is not a socket");
        assertThat(socket).isDirectory();
    }

    @Test
    void aMissingDirectoryIsNamed() throws Exception {
        refuses(
                image,
                directory.resolve("nowhere/socket"),
                directory.resolve("nowhere/socket").toString());
    }

    @Test
    void aPathThatIsTooLongForLinuxIsRefused() throws Exception {
        Path tooLong = directory.resolve("x".repeat(108));
        refuses(image, tooLong, "107 bytes");
        assertThat(tooLong).doesNotExist();
    }

    private static void refuses(Path image, Path socket, String complaint) throws InterruptedException {
        assertThat(Backend.run("--blk-file=" + image, "--socket-path=" + socket))
                .satisfies(Complaint.with(1, complaint));
    }
}
