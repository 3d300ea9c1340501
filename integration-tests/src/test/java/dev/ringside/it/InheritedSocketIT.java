package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Child;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.QemuTools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** {@code --fd}: another program opens the socket and becomes the backend. */
@ExtendWith(Lab.class)
class InheritedSocketIT {
    /** Listens at its first argument, then becomes the rest of them. $^F is the last descriptor that exec leaves open. */
    private static final String LISTEN_AND_EXEC = """
            use Socket;
            $^F = 255;
            socket(LISTENER, AF_UNIX, SOCK_STREAM, 0) or die $!;
            bind(LISTENER, pack_sockaddr_un(shift)) && listen(LISTENER, 1) or die $!;
            exec @ARGV, "--fd=" . fileno(LISTENER);
            """;

    @TempDir
    private Path directory;

    private Path image;
    private Path socket;

    @BeforeEach
    void makeImage() throws IOException {
        image = Images.blank(directory.resolve("disk"), Images.MIB);
        socket = directory.resolve("socket");
    }

    @Test
    void aConnectedSocketIsServedUntilItEnds() throws Exception {
        // socat waits for a connection, and with nofork then becomes the backend, with the connection as stdin.
        String backend = Lab.script("vhost-user-blk") + " --fd=0 --blk-file=" + image;
        List<String> socat =
                List.of(Lab.program("socat"), "-dd", "UNIX-LISTEN:" + socket, "EXEC:" + backend + ",nofork");
        try (Child process = Backend.become(socat)) {
            process.err().await("listening on");
            QemuTools.io(socket, "write -P 0x77 0 1M", "read -P 0x77 0 1M").expectSuccess();
            assertThat(process.finish().status()).isZero();
        }
    }

    @Test
    void aListeningSocketServesOneFrontEndAfterAnother() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/perl")), "a listening socket is handed over by perl: not here");
        List<String> perl = List.of(
                "perl", "-e", LISTEN_AND_EXEC, socket.toString(), Lab.script("vhost-user-blk"), "--blk-file=" + image);
        try (Backend backend = Backend.startedBy(perl, socket)) {
            QemuTools.io(socket, "write -P 0x77 0 1M").expectSuccess();
            QemuTools.io(socket, "read -P 0x77 0 1M").expectSuccess();
            assertThat(backend.end("TERM").status()).isZero();
        }
    }
}
