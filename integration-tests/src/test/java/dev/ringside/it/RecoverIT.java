package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Fio;
import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.Qemu;
import dev.ringside.it.support.Qmp;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A backend is killed while a guest works on its disk, and another takes its place: the guest sees a pause. */
@ExtendWith(Lab.class)
class RecoverIT {
    private static final int MIB = 64;
    private static final int KILLS = 3;

    @TempDir
    private Path directory;

    private Path image;

    @BeforeEach
    void makeImage() throws IOException {
        image = Images.blank(directory.resolve("disk"), MIB * Images.MIB);
    }

    @ParameterizedTest
    @EnumSource
    void aGuestVerifiesWhatItWroteWhileBackendsWereKilled(Qemu qemu) throws Exception {
        verifyWhileBackendsAreKilled(Guest.under(qemu));
    }

    @Test
    void soDoesAGuestWithPackedRings() throws Exception {
        verifyWhileBackendsAreKilled(Guest.under(Qemu.LATEST).packed());
    }

    private void verifyWhileBackendsAreKilled(Guest.Builder machine) throws Exception {
        Backend backend = Backend.serve(image, "-v");
        try (Guest guest = machine.cpus(2).reconnectingDisk(backend.socket(), 2).boot(directory)) {
            Fio.startVerifying(guest, "/dev/vda", MIB, 2);
            for (int i = 0; i < KILLS; i++) {
                guest.run(progress());
                backend.kill();
                backend = Backend.serve(image, "-v");
                backend.process().err().await("runs from");
            }
            Fio.awaitVerified(guest);
            assertThat(guest.console()).doesNotContain("I/O error", "blocked for more than");
            guest.powerOff();
        } finally {
            backend.close();
        }
    }

    /** Until some more has been written. */
    private static String progress() {
        return "a=$(cat /sys/block/vda/stat | awk '{print $7}');"
                + " until [ $(awk '{print $7}' /sys/block/vda/stat) -gt $((a + 2000)) ]; do usleep 20000; done";
    }

    /** The only one who could complete the guest's request is gone, and so the device is, too. */
    @Test
    void aDiskIsReplacedWhileItsBackendIsDead() throws Exception {
        Backend backend = Backend.serve(image);
        try (Guest guest = Guest.under(Qemu.LATEST).boot(directory);
                Qmp qmp = guest.qmp()) {
            guest.run("modprobe virtio_blk");
            plug(qmp, "one", backend.socket());
            guest.awaitDisk("vda");
            guest.run("dd if=/dev/zero of=/dev/vda bs=1M count=8");
            backend.kill();
            qmp.execute("device_del", Map.of("id", "one"));
            qmp.awaitEvent("DEVICE_DELETED", "one");
            // It would connect again, and be served in place of the next.
            qmp.execute("chardev-remove", Map.of("id", "one"));
            backend = Backend.serve(image);
            plug(qmp, "two", backend.socket());
            guest.awaitDisk("vda");
            Fio.run(guest, Fio.verify("/dev/vda", MIB / 2));
        } finally {
            backend.close();
        }
    }

    private static void plug(Qmp qmp, String name, Path socket) throws IOException, InterruptedException {
        Map<String, ?> address = Map.of("type", "unix", "data", Map.of("path", socket.toString()));
        Map<String, ?> chardev =
                Map.of("type", "socket", "data", Map.of("addr", address, "server", false, "reconnect-ms", 50));
        qmp.execute("chardev-add", Map.of("id", name, "backend", chardev));
        qmp.execute("device_add", Map.of("driver", "vhost-user-blk-pci", "id", name, "chardev", name));
    }
}
