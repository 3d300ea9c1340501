package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.QemuTools;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever is chosen for speed or safety, data stays data. */
@ExtendWith(Lab.class)
class DiskOptionsIT {
    private static final int MIB = 16;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--cache=none",
                "--cache=writethrough",
                "--cache=none --engine=epoll",
                "--cache=writethrough --engine=epoll",
                "--block-size=4096",
                "--poll-us=0",
                "--threads=4 --num-queues=1"
            })
    void dataGoesInAndComesOutAsItIs(String options, @TempDir Path directory) throws Exception {
        assumeFalse(
                options.contains("cache=none")
                        && Files.getFileStore(directory).type().equals("tmpfs"),
                "the temporary directory is a tmpfs, which not every kernel can read past the page cache");
        Path source = Images.random(directory.resolve("source"), MIB);
        Path image = Images.blank(directory.resolve("disk"), MIB * Images.MIB);
        Path copy = directory.resolve("copy");
        try (Backend backend = Backend.serve(image, options.split(" "))) {
            String disk = QemuTools.disk(backend.socket());
            QemuTools.img("convert", "-n", "--target-image-opts", "-f", "raw", source.toString(), disk)
                    .expectSuccess();
            QemuTools.img("convert", "--image-opts", "-O", "raw", disk, copy.toString())
                    .expectSuccess();
        }
        assertThat(image).hasSameBinaryContentAs(source);
        assertThat(copy).hasSameBinaryContentAs(source);
    }
}
