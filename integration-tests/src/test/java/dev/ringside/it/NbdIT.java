package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Await;
import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.NbdServer;
import dev.ringside.it.support.QemuTools;
import dev.ringside.it.support.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Disks behind real NBD servers, with front-ends that need no guest. */
@ExtendWith(Lab.class)
class NbdIT {
    private static final int MIB = 64;

    @TempDir
    private Path directory;

    private Path qcow2() throws InterruptedException {
        Path image = directory.resolve("disk.qcow2");
        QemuTools.img("create", "-f", "qcow2", image.toString(), MIB + "M").expectSuccess();
        return image;
    }

    private Path raw() throws Exception {
        return Images.blank(directory.resolve("disk.raw"), (long) MIB * Images.MIB);
    }

    private static void shouldDoWhatADiskDoes(NbdServer server, String... options) throws Exception {
        try (Backend backend = server.serve(options)) {
            QemuTools.io(
                            backend.socket(),
                            "write -P 0x11 0 512",
                            "write -P 0x22 512 7k",
                            "write -P 0x33 1M 20M",
                            "writev -P 0x55 40M 512 4k 64k 1k",
                            "flush",
                            "read -P 0x11 0 512",
                            "read -P 0x22 512 7k",
                            "readv -P 0x33 1M 64k 512 1M",
                            "read -P 0x33 1M 20M",
                            "read -P 0x55 40M 70656",
                            "read -P 0 50M 14M",
                            "write -z 2M 1M",
                            "write -zu 8M 4M",
                            "discard 16M 4M",
                            "read -P 0x33 1M 1M",
                            "read -P 0 2M 1M",
                            "read -P 0 8M 4M",
                            "write -P 0x77 63M 1M",
                            "flush")
                    .expectSuccess();
            QemuTools.io(backend.socket(), "read -P 0x33 1M 1M", "read -P 0x77 63M 1M")
                    .expectSuccess();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void qemuNbdServesAQcow2ImageOnSeveralConnections(String engine) throws Exception {
        try (NbdServer server = NbdServer.qemuNbd(qcow2(), "qcow2", "--shared=0", "--discard=unmap")) {
            shouldDoWhatADiskDoes(server, "--engine=" + engine, "--threads=2");
        }
    }

    @Test
    void qemuNbdServesAQcow2ImageOnOneConnection() throws Exception {
        try (NbdServer server = NbdServer.qemuNbd(qcow2(), "qcow2")) {
            shouldDoWhatADiskDoes(server, "--threads=2", "--cache=writethrough");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void nbdkitServesAFileOverTcp(String engine) throws Exception {
        Path image = raw();
        try (NbdServer server = NbdServer.nbdkitOverTcp(directory, "file", image.toString())) {
            shouldDoWhatADiskDoes(server, "--engine=" + engine);
        }
        assertThat(Files.readAllBytes(image)[63 << 20]).isEqualTo((byte) 0x77);
    }

    /** The filter that names a server's limits: 4096-byte blocks, at most 64 KiB at a time. */
    @Test
    void limitsOfTheServerAreRespected() throws Exception {
        String[] arguments = {
            "--filter=blocksize-policy",
            "memory",
            MIB + "M",
            "blocksize-minimum=4096",
            "blocksize-preferred=4096",
            "blocksize-maximum=64k",
            "blocksize-error-policy=error"
        };
        try (NbdServer server = NbdServer.nbdkit(directory, arguments)) {
            Result refused = Backend.run(
                    "--socket-path=" + directory.resolve("x"), "--blk-file=" + server.uri(), "--block-size=512");
            assertThat(refused.status()).isEqualTo(1);
            assertThat(refused.err()).contains("the server's blocks have 4096 bytes, so --block-size=512 is too small");
            try (Backend backend = server.serve("--block-size=4096")) {
                QemuTools.io(backend.socket(), "write -P 0x42 4k 8M", "read -P 0x42 4k 8M", "write -z 4k 1M")
                        .expectSuccess();
            }
        }
    }

    @Test
    void anErrorOfTheServerIsTheGuestsAndGoesAway() throws Exception {
        Path trigger = directory.resolve("trigger");
        String[] arguments = {
            "--filter=error", "memory", MIB + "M", "error=EIO", "error-rate=100%", "error-file=" + trigger
        };
        try (NbdServer server = NbdServer.nbdkit(directory, arguments);
                Backend backend = server.serve()) {
            QemuTools.io(backend.socket(), "write -P 0x42 0 1M").expectSuccess();
            Files.createFile(trigger);
            assertThat(QemuTools.io(backend.socket(), "read 0 4k").out()).contains("Input/output error");
            assertThat(QemuTools.io(backend.socket(), "write 0 4k").out()).contains("Input/output error");
            backend.process().err().await("READ of 4096 bytes at 0 failed, Input/output error");
            Files.delete(trigger);
            QemuTools.io(backend.socket(), "read -P 0x42 0 1M", "flush").expectSuccess();
        }
    }

    /** 64 reads that take 300 ms each, and less than 20 s together. */
    @Test
    void requestsDoNotWaitForOneAnother() throws Exception {
        String[] arguments = {"--filter=delay", "memory", MIB + "M", "rdelay=300ms", "--threads=64"};
        try (NbdServer server = NbdServer.nbdkit(directory, arguments);
                Backend backend = server.serve()) {
            List<String> reads = new ArrayList<>();
            for (int i = 0; i < 64; i++) {
                reads.add("aio_read " + i * 4096 + " 4k");
            }
            reads.add("aio_flush");
            long begin = System.nanoTime();
            QemuTools.io(backend.socket(), reads.toArray(String[]::new)).expectSuccess();
            assertThat((System.nanoTime() - begin) / 1e9).isLessThan(10);
        }
    }

    @Test
    void aReadOnlyExportIsServedReadOnly() throws Exception {
        try (NbdServer server = NbdServer.nbdkit(directory, "--readonly", "memory", MIB + "M")) {
            Result refused = Backend.run("--socket-path=" + directory.resolve("x"), "--blk-file=" + server.uri());
            assertThat(refused.status()).isEqualTo(1);
            assertThat(refused.err())
                    .contains("the export is read-only, so --read-only is needed")
                    .hasLineCount(1);
            try (Backend backend = server.serve("--read-only")) {
                QemuTools.img(
                                "convert",
                                "--image-opts",
                                "-O",
                                "raw",
                                QemuTools.disk(backend.socket()) + ",read-only=on",
                                directory.resolve("copy").toString())
                        .expectSuccess();
            }
        }
    }

    @Test
    void whatCannotBeServedIsSaidInOneLine() throws Exception {
        Path socket = directory.resolve("x");
        try (NbdServer server = NbdServer.qemuNbd(raw(), "raw")) {
            Result unknown = Backend.run(
                    "--socket-path=" + socket, "--blk-file=" + server.uri().replace("disk?", "tape?"));
            assertThat(unknown.status()).isEqualTo(1);
            assertThat(unknown.err())
                    .contains("the server has no export 'tape'")
                    .hasLineCount(1);
        }
        Result nobody = Backend.run("--socket-path=" + socket, "--blk-file=nbd://127.0.0.1:1/disk");
        assertThat(nobody.status()).isEqualTo(1);
        assertThat(nobody.err()).isEqualTo("vhost-user-blk: nbd://127.0.0.1:1/disk: connection refused");
        Result wrong = Backend.run("--socket-path=" + socket, "--blk-file=nbd:///disk");
        assertThat(wrong.status()).isEqualTo(2);
        assertThat(wrong.err()).contains("--blk-file wants nbd://HOST").hasLineCount(1);
    }

    @Test
    void requestsFailWhenTheServerStaysAwayAndWorkWhenItIsBack() throws Exception {
        try (NbdServer server = NbdServer.qemuNbd(raw(), "raw");
                Backend backend = server.serve("--nbd-reconnect=1")) {
            QemuTools.io(backend.socket(), "write -P 0x42 0 1M").expectSuccess();
            server.kill();
            assertThat(QemuTools.io(backend.socket(), "write 0 4k").out()).contains("Input/output error");
            backend.process().err().await("no connection for 1 s; requests fail until there is one again");
            server.start();
            Await.until(
                    "the disk works again",
                    () -> QemuTools.io(backend.socket(), "read -P 0x42 4k 512k").status() == 0);
        }
    }
}
