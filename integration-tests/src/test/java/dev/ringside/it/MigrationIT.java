package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Fio;
import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.Qemu;
import dev.ringside.it.support.QemuTools;
import dev.ringside.it.support.Qmp;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A guest moves from one QEMU to another, and its disk from one backend to another, while it works on the disk. */
@ExtendWith(Lab.class)
class MigrationIT {
    private static final int MIB = 64;
    private static final String[] DIMM = {
        "-m", "512M,slots=2,maxmem=1G",
    };

    @TempDir
    private Path directory;

    private Path image;
    private Path targetSocket;
    private Path meeting;

    @BeforeEach
    void makeImage() throws IOException {
        image = Images.blank(directory.resolve("disk"), MIB * Images.MIB);
        targetSocket = directory.resolve("target.sock");
        meeting = directory.resolve("meeting");
    }

    private Backend target(String... options) throws InterruptedException {
        return Backend.serveAll(
                targetSocket, List.of("socket-path=" + targetSocket + ",blk-file=" + image + ",incoming=on"), options);
    }

    private static Guest.Builder machine(Qemu qemu, Path socket) {
        return Guest.under(qemu).disk(socket, 1);
    }

    @ParameterizedTest
    @EnumSource
    void aGuestVerifiesWhatItWroteHereAndThere(Qemu qemu) throws Exception {
        try (Backend source = Backend.serve(image);
                Backend target = target();
                Guest here = machine(qemu, source.socket()).boot(directory);
                Qmp qmp = here.qmp();
                Guest there = machine(qemu, target.socket()).awaitMigration(directory, meeting)) {
            Fio.startVerifying(here, "/dev/vda", MIB, 1);
            qmp.migrate(meeting);
            qmp.awaitMigration("completed");
            Fio.awaitVerified(there);
            // The target has locked the image, and the source would not serve it any more.
            assertThat(QemuTools.img("resize", "-f", "raw", image.toString(), "128M")
                            .err())
                    .contains("Is another process using the image");
            here.kill();
            Fio.run(there, Fio.verify("/dev/vda", MIB / 2));
            assertThat(there.console()).doesNotContain("I/O error");
            there.powerOff();
        }
    }

    /** GET_VRING_BASE_INFLIGHT: what the source has not begun, the target does. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void requestsInFlightMigrateAsWell(boolean packed) throws Exception {
        try (Backend source = Backend.serve(image, "-v");
                Backend target = target("-v");
                Guest here = machine(packed, source.socket()).boot(directory);
                Qmp qmp = here.qmp();
                Guest there = machine(packed, target.socket()).awaitMigration(directory, meeting)) {
            Fio.startVerifying(here, "/dev/vda", MIB, 1);
            qmp.migrate(meeting);
            qmp.awaitMigration("completed");
            Fio.awaitVerified(there);
            assertThat(source.process().err().text()).containsPattern("stops with \\d+ requests in flight");
            assertThat(there.console()).doesNotContain("I/O error");
            there.powerOff();
        }
    }

    private static Guest.Builder machine(boolean packed, Path socket) {
        Guest.Builder machine = Guest.under(Qemu.LATEST).inflightMigration();
        return (packed ? machine.packed() : machine).disk(socket, 1);
    }

    /** Writes to guest memory are those of the buffers that are read into, again and again: few pages. */
    @Test
    void aGuestThatReadsAsFastAsItCanMigratesAllTheSame() throws Exception {
        try (Backend source = Backend.serve(image);
                Backend target = target();
                Guest here = machine(Qemu.LATEST, source.socket()).boot(directory);
                Qmp qmp = here.qmp();
                Guest there = machine(Qemu.LATEST, target.socket()).awaitMigration(directory, meeting)) {
            here.run("fio --name=r --filename=/dev/vda --size=64m --rw=randread --bs=4k --ioengine=libaio --iodepth=32"
                    + " --direct=1 --time_based --runtime=1d >/dev/null 2>&1 &");
            qmp.migrate(meeting);
            qmp.awaitMigration("completed");
            String before = there.run("awk '{print $1}' /sys/block/vda/stat");
            there.run("until [ $(awk '{print $1}' /sys/block/vda/stat) -gt " + before + " ]; do usleep 10000; done");
        }
    }

    @Test
    void aCancelledMigrationLeavesTheGuestWhereItIs() throws Exception {
        try (Backend source = Backend.serve(image);
                Guest here = machine(Qemu.LATEST, source.socket()).boot(directory);
                Qmp qmp = here.qmp()) {
            Fio.startVerifying(here, "/dev/vda", MIB, 1);
            try (Backend target = target();
                    Guest there = machine(Qemu.LATEST, target.socket()).awaitMigration(directory, meeting)) {
                qmp.execute("migrate-set-parameters", Map.of("max-bandwidth", 4 << 20));
                qmp.migrate(meeting);
                qmp.awaitMigration("active");
                qmp.execute("migrate_cancel", Map.of());
                qmp.awaitMigration("cancelled");
                there.kill();
            }
            // A QEMU without its backend does not even wait for a guest.
            try (Guest nobody = machine(Qemu.LATEST, targetSocket).awaitMigration(directory, meeting)) {
                assertThat(nobody.qemu().finish().status()).isNotZero();
            }
            qmp.migrate(meeting);
            qmp.awaitMigration("failed");
            qmp.execute("migrate-set-parameters", Map.of("max-bandwidth", 1 << 30));
            Fio.awaitVerified(here);
            Path second = directory.resolve("second");
            try (Backend target = target();
                    Guest there = machine(Qemu.LATEST, target.socket()).awaitMigration(directory, second)) {
                qmp.migrate(second);
                qmp.awaitMigration("completed");
                Fio.run(there, Fio.verify("/dev/vda", MIB / 2));
            }
        }
    }

    @Test
    void memoryThatWasPluggedInMigratesAsWell() throws Exception {
        try (Backend source = Backend.serve(image);
                Backend target = target();
                Guest here = machine(Qemu.LATEST, source.socket()).with(DIMM).boot(directory);
                Qmp qmp = here.qmp();
                Guest there = machine(Qemu.LATEST, target.socket())
                        .with(DIMM)
                        .with("-object", "memory-backend-memfd,id=more,size=256M,share=on")
                        .with("-device", "pc-dimm,id=dimm,memdev=more")
                        .awaitMigration(directory, meeting)) {
            qmp.execute(
                    "object-add",
                    Map.of("qom-type", "memory-backend-memfd", "id", "more", "size", 256 << 20, "share", true));
            qmp.execute("device_add", Map.of("driver", "pc-dimm", "id", "dimm", "memdev", "more"));
            here.run("until ls -d /sys/devices/system/memory/memory* | grep -q memory32; do usleep 10000; done;"
                    + " for m in /sys/devices/system/memory/memory*/state; do"
                    + " grep -q online $m && ! grep -q offline $m || echo online >$m; done;"
                    + " [ $(awk '/MemTotal/ { print $2 }' /proc/meminfo) -gt 600000 ]");
            Fio.startVerifying(here, "/dev/vda", MIB, 1);
            qmp.migrate(meeting);
            qmp.awaitMigration("completed");
            Fio.awaitVerified(there);
        }
    }
}
