package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Fio;
import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.NbdServer;
import dev.ringside.it.support.Qemu;
import dev.ringside.it.support.SmallFileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the host fails at is an I/O error in the guest and a line in the log, concerns no other disk of the process, and
 * is over when its cause is. vda is the disk in trouble, vdb another one.
 */
@ExtendWith(Lab.class)
class HostErrorsIT {
    private static final int MIB = 16;
    private static final String WRITE = "dd if=/dev/urandom of=/dev/vda bs=64k count=1 oflag=direct seek=%d";
    private static final String READ = "dd if=/dev/vda of=/dev/null bs=64k count=1 iflag=direct skip=%d";

    @TempDir
    private Path directory;

    private Path socket;
    private Path other;

    @AutoClose
    private Backend backend;

    @AutoClose
    private Guest guest;

    @BeforeEach
    void makeTheOtherDisk() throws Exception {
        other = Images.blank(directory.resolve("other"), (long) MIB * Images.MIB);
        socket = directory.resolve("socket");
    }

    private void serve(String disk) throws Exception {
        backend = Backend.serveAll(
                socket,
                List.of(
                        "socket-path=%s,blk-file=%s".formatted(socket, disk),
                        "socket-path=%s,blk-file=%s".formatted(Backend.socketOf(other), other)));
        guest = Guest.under(Qemu.LATEST)
                .disk(socket, 1)
                .disk(Backend.socketOf(other), 1)
                .boot(directory);
    }

    private void shouldFailInTheGuest(String command, String complaint) throws Exception {
        assertThat(guest.attempt(command).out()).contains("Input/output error");
        backend.process().err().await(complaint);
    }

    private void shouldWork(String device) throws Exception {
        Fio.run(guest, Fio.verify(device, MIB));
    }

    private List<String> complaints() {
        return backend.process()
                .err()
                .text()
                .lines()
                .filter(line -> line.contains(" WARN "))
                .toList();
    }

    @Test
    void aFullFileSystem() throws Exception {
        try (SmallFileSystem fileSystem = SmallFileSystem.mount(directory.resolve("small"), MIB / 2)) {
            Path image = Images.blank(directory.resolve("small/disk"), (long) MIB * Images.MIB);
            serve(image.toString());
            guest.run("dd if=/dev/urandom of=/dev/vda bs=1M count=%d oflag=direct".formatted(MIB / 2));
            shouldFailInTheGuest(
                    WRITE.formatted(MIB * 10), "WRITE of 65536 bytes at 10485760 failed, No space left on device");
            assertThat(complaints()).hasSize(1);
            guest.run(READ.formatted(0));
            shouldWork("/dev/vdb");

            fileSystem.resize(2 * MIB);
            shouldWork("/dev/vda");
            assertThat(guest.sha256("/dev/vda")).isEqualTo(Images.sha256(image));
            assertThat(complaints()).hasSize(1);
            // Before the file system, for it holds an image of theirs.
            guest.close();
            backend.close();
        }
    }

    @Test
    void aStorageThatFailsAtEverything() throws Exception {
        Path trigger = directory.resolve("trigger");
        String[] arguments = {
            "--filter=error", "memory", MIB + "M", "error=EIO", "error-rate=100%", "error-file=" + trigger
        };
        try (NbdServer server = NbdServer.nbdkit(directory, arguments)) {
            serve(server.uri());
            shouldWork("/dev/vda");
            Files.createFile(trigger);
            shouldFailInTheGuest(READ.formatted(1), "READ of 65536 bytes at 65536 failed, Input/output error");
            shouldFailInTheGuest(WRITE.formatted(2), "WRITE of 65536 bytes at 131072 failed, Input/output error");
            assertThat(complaints()).hasSize(2);
            shouldWork("/dev/vdb");

            Files.delete(trigger);
            shouldWork("/dev/vda");
            assertThat(complaints()).hasSize(2);
        }
    }

    /** The guest learns of the new size within a second; what it asks for before is an error. */
    @Test
    void anImageThatIsCutAndGrowsAgain() throws Exception {
        Path image = Images.random(directory.resolve("disk"), MIB);
        serve(image.toString());
        Images.resize(image, MIB / 2L * Images.MIB);
        String beyond = "dd if=/dev/vda bs=64k count=1 iflag=direct skip=%d 2>/dev/null | wc -c".formatted(MIB * 10);
        assertThat(guest.run(beyond)).isEqualTo("0");
        guest.run(READ.formatted(1));
        shouldWork("/dev/vdb");

        guest.awaitSize("vda", MIB / 2L * Images.MIB);
        Images.resize(image, (long) MIB * Images.MIB);
        guest.awaitSize("vda", (long) MIB * Images.MIB);
        shouldWork("/dev/vda");
        assertThat(guest.sha256("/dev/vda")).isEqualTo(Images.sha256(image));
    }
}
