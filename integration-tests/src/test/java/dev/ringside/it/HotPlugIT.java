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
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A disk is plugged into a running guest, pulled out, and plugged in again. */
@ExtendWith(Lab.class)
class HotPlugIT {
    private static final int MIB = 32;

    private static final Map<String, ?> DEVICE =
            Map.of("driver", "vhost-user-blk-pci", "id", "plugged", "chardev", "plugged");

    @TempDir
    private Path directory;

    private Path image;

    @BeforeEach
    void makeImage() throws IOException {
        image = Images.blank(directory.resolve("plugged"), MIB * Images.MIB);
    }

    @ParameterizedTest
    @EnumSource
    void aDiskComesBackAsItWasOnANewConnection(Qemu qemu) throws Exception {
        try (Backend backend = Backend.serve(image);
                Guest guest = boot(qemu);
                Qmp qmp = guest.qmp()) {
            addChardev(qmp, backend.socket());
            plug(guest, qmp);
            Fio.run(guest, Fio.verify("/dev/vda", MIB));
            String written = guest.sha256("/dev/vda");

            unplug(guest, qmp);
            qmp.execute("chardev-remove", Map.of("id", "plugged"));
            addChardev(qmp, backend.socket());
            plug(guest, qmp);
            assertThat(guest.sha256("/dev/vda")).isEqualTo(written);
            assertThat(Images.sha256(image)).isEqualTo(written);
        }
    }

    /** QEMU begins anew on the old connection, without having taken back the memory that it had shown. */
    @ParameterizedTest
    @EnumSource
    void aDiskComesBackAsItWasOnTheSameConnection(Qemu qemu) throws Exception {
        try (Backend backend = Backend.serve(image);
                Guest guest = boot(qemu);
                Qmp qmp = guest.qmp()) {
            addChardev(qmp, backend.socket());
            plug(guest, qmp);
            Fio.run(guest, Fio.verify("/dev/vda", MIB));
            String written = guest.sha256("/dev/vda");

            unplug(guest, qmp);
            plug(guest, qmp);
            assertThat(guest.sha256("/dev/vda")).isEqualTo(written);
            Fio.run(guest, Fio.verify("/dev/vda", MIB));
        }
    }

    private Guest boot(Qemu qemu) throws IOException, InterruptedException {
        Guest guest = Guest.under(qemu).boot(directory);
        guest.run("modprobe virtio_blk");
        return guest;
    }

    private static void addChardev(Qmp qmp, Path socket) throws IOException, InterruptedException {
        Map<String, ?> address = Map.of("type", "unix", "data", Map.of("path", socket.toString()));
        Map<String, ?> backend = Map.of("type", "socket", "data", Map.of("addr", address, "server", false));
        qmp.execute("chardev-add", Map.of("id", "plugged", "backend", backend));
    }

    private static void plug(Guest guest, Qmp qmp) throws IOException, InterruptedException {
        qmp.execute("device_add", DEVICE);
        guest.awaitDisk("vda");
    }

    private static void unplug(Guest guest, Qmp qmp) throws IOException, InterruptedException {
        qmp.execute("device_del", Map.of("id", "plugged"));
        qmp.awaitEvent("DEVICE_DELETED", "plugged");
        guest.run("until [ ! -e /dev/vda ]; do usleep 10000; done");
    }
}
