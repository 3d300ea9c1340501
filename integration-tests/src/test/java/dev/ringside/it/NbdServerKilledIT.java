package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Await;
import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Fio;
import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.NbdServer;
import dev.ringside.it.support.Qemu;
import dev.ringside.it.support.QemuTools;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A guest on a qcow2 image behind a qemu-nbd that is killed while the guest writes. What was written to qcow2 and not
 * flushed is lost with the process, for its metadata is in no page cache; the guest must see nothing of that.
 */
@ExtendWith(Lab.class)
class NbdServerKilledIT {
    private static final int MIB = 64;
    private static final int KILLS = 4;

    @TempDir
    private Path directory;

    private Path qcow2() throws InterruptedException {
        Path image = directory.resolve("disk.qcow2");
        QemuTools.img("create", "-f", "qcow2", image.toString(), MIB + "M").expectSuccess();
        return image;
    }

    private void killAgainAndAgain(NbdServer server, CompletableFuture<Void> work) throws Exception {
        for (int i = 0; i < KILLS && !work.isDone(); i++) {
            Thread.sleep(1500);
            server.kill();
            Thread.sleep(300);
            server.start();
        }
    }

    /** Something that a test does beside. */
    private interface Work {
        void run() throws Exception;
    }

    /** On a thread of its own: processes end in the common pool, which may have no other. */
    private static CompletableFuture<Void> meanwhile(Work work) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                work.run();
                done.complete(null);
            } catch (Throwable e) {
                done.completeExceptionally(e);
            }
        });
        return done;
    }

    private String sha256OfImage(Path image) throws Exception {
        Path raw = directory.resolve("raw");
        QemuTools.img("convert", "-f", "qcow2", "-O", "raw", image.toString(), raw.toString())
                .expectSuccess();
        return Images.sha256(raw);
    }

    @ParameterizedTest
    @CsvSource({"0, io_uring", "1, epoll"})
    void whatTheGuestHasWrittenVerifies(int shared, String engine) throws Exception {
        Path image = qcow2();
        try (NbdServer server = NbdServer.qemuNbd(image, "qcow2", "--shared=" + shared);
                Backend backend = server.serve("--threads=2", "--engine=" + engine);
                Guest guest = Guest.under(Qemu.LATEST)
                        .cpus(2)
                        .disk(backend.socket(), 2)
                        .boot(directory)) {
            CompletableFuture<Void> verify =
                    meanwhile(() -> Fio.run(guest, Fio.verify("/dev/vda", MIB, 2) + " --loops=3"));
            killAgainAndAgain(server, verify);
            verify.join();
            backend.process().err().await("unflushed writes written again");
            guest.run("sync");
            String seen = guest.sha256("/dev/vda");
            server.kill();
            assertThat(sha256OfImage(image)).isEqualTo(seen);
        }
    }

    @Test
    void aFileSystemIsWholeAndGrowsWithTheImage() throws Exception {
        Path image = qcow2();
        try (NbdServer server = NbdServer.qemuNbd(image, "qcow2", "--shared=0", "--discard=unmap");
                Backend backend = server.serve();
                Guest guest = Guest.under(Qemu.LATEST)
                        .cpus(2)
                        .disk(backend.socket(), 2)
                        .boot(directory)) {
            guest.run("mkfs.ext4 -q /dev/vda && mkdir -p /tmp/e && mount /dev/vda /tmp/e && cp -a /bin /tmp/e");
            CompletableFuture<Void> copying = meanwhile(() ->
                    guest.run("for i in $(seq 80); do cp /bin/busybox /tmp/e/$((i % 8)) && sync || exit 1; done"));
            killAgainAndAgain(server, copying);
            copying.join();
            guest.run("for i in $(seq 0 7); do cmp /bin/busybox /tmp/e/$i || exit 1; done");
            guest.run("umount /tmp/e && fsck.ext4 -f -n /dev/vda && mount -o discard /dev/vda /tmp/e");
            guest.run("rm /tmp/e/[0-9]*; sync");

            server.kill();
            QemuTools.img("resize", "-f", "qcow2", image.toString(), 2 * MIB + "M")
                    .expectSuccess();
            server.start();
            Await.until(
                    "the guest sees the new size",
                    () -> guest.run("cat /sys/block/vda/size").equals(String.valueOf(MIB << 12)));
            guest.run("umount /tmp/e && fsck.ext4 -f -n /dev/vda");
        }
    }
}
