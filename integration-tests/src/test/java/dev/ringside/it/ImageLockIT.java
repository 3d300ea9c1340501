package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Child;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.QemuTools;
import dev.ringside.it.support.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** An image has one writer or many readers, among backends and the programs of QEMU alike. */
@ExtendWith(Lab.class)
class ImageLockIT {
    private static final String IN_USE = "is in use by another process";
    private static final String QEMU_IN_USE = "Is another process using the image";

    @TempDir
    private Path directory;

    private Path image;
    private String anotherSocket;

    @BeforeEach
    void makeImage() throws IOException {
        image = Images.blank(directory.resolve("disk"), Images.MIB);
        anotherSocket = "--socket-path=" + directory.resolve("another.sock");
    }

    @Test
    void aSecondBackendIsRefusedUntilTheFirstHasEnded() throws Exception {
        try (Backend first = Backend.serve(image)) {
            refused();
            refused("--read-only");
            QemuTools.io(first.socket(), "write 0 4k", "read 0 4k").expectSuccess();
        }
        Backend.serve(image).close();
    }

    @Test
    void readersShareWhatNobodyWrites() throws Exception {
        try (Backend first = Backend.serve(image, "--read-only")) {
            refused();
            Path link = Files.createSymbolicLink(directory.resolve("link"), image);
            try (Backend second = Backend.serve(link, "--read-only")) {
                String one = QemuTools.disk(first.socket());
                String other = QemuTools.disk(second.socket());
                QemuTools.img("compare", "--image-opts", one, other).expectSuccess();
            }
        }
    }

    @Test
    void whatQemuWritesIsRefused() throws Exception {
        try (Child qemuIo = QemuTools.open(image)) {
            refused();
            refused("--read-only");
            qemuIo.closeInput();
            qemuIo.finish().expectSuccess();
        }
        Backend.serve(image).close();
    }

    @Test
    void qemuRefusesWhatIsServed() throws Exception {
        try (Backend backend = Backend.serve(image)) {
            assertThat(copy().err()).contains(QEMU_IN_USE);
            assertThat(grow().err()).contains(QEMU_IN_USE);
            assertThat(backend.process().isAlive()).isTrue();
        }
        copy().expectSuccess();
        grow().expectSuccess();
    }

    @Test
    void qemuReadsButDoesNotWriteWhatIsServedForReading() throws Exception {
        try (Backend backend = Backend.serve(image, "--read-only")) {
            copy().expectSuccess();
            assertThat(grow().err()).contains(QEMU_IN_USE);
            assertThat(backend.process().isAlive()).isTrue();
        }
    }

    private Result copy() throws InterruptedException {
        return QemuTools.img("convert", "-f", "raw", "-O", "raw", image.toString(), image + ".copy");
    }

    private Result grow() throws InterruptedException {
        return QemuTools.img("resize", "-f", "raw", image.toString(), "2M");
    }

    private void refused(String... options) throws InterruptedException {
        String[] arguments = new String[options.length + 2];
        arguments[0] = "--blk-file=" + image;
        arguments[1] = anotherSocket;
        System.arraycopy(options, 0, arguments, 2, options.length);
        assertThat(Backend.run(arguments)).satisfies(Complaint.with(1, IN_USE));
    }
}
