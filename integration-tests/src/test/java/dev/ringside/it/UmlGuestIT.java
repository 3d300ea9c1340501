package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Fio;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.Uml;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A Linux guest that is no QEMU's: User-Mode Linux speaks vhost-user by itself. */
@ExtendWith(Lab.class)
class UmlGuestIT {
    @TempDir
    private Path directory;

    @Test
    void dataIsTheSameOnBothSidesAndInTheNextGuest() throws Exception {
        Path image = Images.random(directory.resolve("disk"), 32);
        String prepared = Images.sha256(image);
        try (Backend backend = Backend.serve(image, "--serial=uml")) {
            String first = Uml.run(
                            directory,
                            backend.socket(),
                            "cat /sys/block/vda/serial && echo && sha256sum </dev/vda && %s && sha256sum </dev/vda"
                                    .formatted(Fio.verify("/dev/vda", 32)))
                    .expectSuccess();
            String written = Images.sha256(image);
            assertThat(first).startsWith("uml\n" + prepared).contains("err= 0").endsWith(written + "  -");
            assertThat(written).isNotEqualTo(prepared);

            String second =
                    Uml.run(directory, backend.socket(), "sha256sum </dev/vda").expectSuccess();
            assertThat(second).startsWith(written);
        }
    }

    @Test
    void rangesAreGivenBackInEachWay() throws Exception {
        Path socket = directory.resolve("socket");
        try (Backend backend = Backend.serveAt(socket, "null:16M")) {
            Uml.run(directory, socket, "blkdiscard -o 4M -l 1M /dev/vda && fallocate --punch-hole -o 8M -l 1M /dev/vda")
                    .expectSuccess();
            assertThat(backend.end("TERM").err()).contains(" 0 errors").doesNotContain(" WARN ");
        }
    }
}
