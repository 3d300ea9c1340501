package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.QemuTools;
import dev.ringside.it.support.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Front-ends without a guest: qemu-io and qemu-img through libblkio. */
@ExtendWith(Lab.class)
class QemuToolsIT {
    private static final int MIB = 32;

    @TempDir
    private Path directory;

    private Path image;
    private Path original;
    private Backend backend;

    @BeforeEach
    void serve() throws IOException, InterruptedException {
        image = Images.random(directory.resolve("disk"), MIB);
        original = Files.copy(image, directory.resolve("original"), StandardCopyOption.REPLACE_EXISTING);
        backend = Backend.serve(image);
    }

    @AfterEach
    void close() throws IOException {
        backend.close();
    }

    @Test
    void patternsAreReadAsTheyWereWritten() throws Exception {
        QemuTools.io(
                        backend.socket(),
                        "write -P 0x11 0 512",
                        "write -P 0x22 512 7k",
                        "write -P 0x33 1M 2M",
                        "write -P 0x44 31M 1M",
                        "writev -P 0x55 4M 512 4k 64k 1k",
                        "flush",
                        "read -P 0x11 0 512",
                        "read -P 0x22 512 7k",
                        "read -P 0x33 1M 2M",
                        "readv -P 0x33 1M 64k 512 1M",
                        "read -P 0x44 31M 1M",
                        "read -P 0x55 4M 70144")
                .expectSuccess();
        QemuTools.io(backend.socket(), "read -P 0x33 1M 2M").expectSuccess();
        byte[] bytes = Files.readAllBytes(image);
        assertThat(bytes[511]).isEqualTo((byte) 0x11);
        assertThat(bytes[512]).isEqualTo((byte) 0x22);
        assertThat(bytes[bytes.length - 1]).isEqualTo((byte) 0x44);
    }

    @Test
    void aWrongPatternIsFound() throws Exception {
        assertThat(QemuTools.io(backend.socket(), "write -P 0x11 0 4k", "read -P 0x12 0 4k")
                        .status())
                .isNotZero();
    }

    @Test
    void compareFindsTheDiskEqualToItsImageAndThenNot() throws Exception {
        assertThat(compare().out()).contains("Images are identical");
        QemuTools.io(backend.socket(), "write -P 0 20M 512").expectSuccess();
        assertThat(compare().out()).contains("Content mismatch at offset %d".formatted(20 * Images.MIB));
    }

    @Test
    void convertCopiesTheDiskIntoAFile() throws Exception {
        Path copy = directory.resolve("copy");
        QemuTools.img("convert", "--image-opts", "-O", "raw", QemuTools.disk(backend.socket()), copy.toString())
                .expectSuccess();
        assertThat(copy).hasSameBinaryContentAs(original);
    }

    @Test
    void convertCopiesAFileIntoTheDisk() throws Exception {
        Path source = Images.random(directory.resolve("source"), MIB);
        QemuTools.img(
                        "convert",
                        "-n",
                        "--target-image-opts",
                        "-f",
                        "raw",
                        source.toString(),
                        QemuTools.disk(backend.socket()))
                .expectSuccess();
        assertThat(image).hasSameBinaryContentAs(source);
    }

    private Result compare() throws InterruptedException {
        return QemuTools.img(
                "compare", "--image-opts", QemuTools.disk(backend.socket()), "driver=file,filename=" + original);
    }
}
