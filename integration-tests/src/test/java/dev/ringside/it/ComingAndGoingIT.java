package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Fio;
import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.Qemu;
import dev.ringside.it.support.QemuTools;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Guests and backends end, well or badly, and the next ones find the disk as it was left. */
@ExtendWith(Lab.class)
class ComingAndGoingIT {
    @TempDir
    private Path directory;

    private Path image;

    @BeforeEach
    void makeImage() throws IOException {
        image = Images.blank(directory.resolve("disk"), 32 * Images.MIB);
    }

    @Test
    void theNextBackendServesWhatTheLastOneLeft() throws Exception {
        String written;
        try (Backend first = Backend.serve(image);
                Guest guest = boot(first)) {
            Fio.run(guest, Fio.verify("/dev/vda", 32));
            written = guest.sha256("/dev/vda");
            guest.powerOff();
        }
        try (Backend second = Backend.serve(image);
                Guest guest = boot(second)) {
            assertThat(guest.sha256("/dev/vda")).isEqualTo(written);
            guest.powerOff();
        }
        assertThat(Images.sha256(image)).isEqualTo(written);
    }

    @Test
    void aQemuThatIsKilledWhileItWritesLeavesTheDiskToTheNext() throws Exception {
        try (Backend backend = Backend.serve(image)) {
            QemuTools.io(backend.socket(), "write -P 0x5a 24M 8M").expectSuccess();
            try (Guest guest = boot(backend)) {
                Fio.startWriting(guest, "/dev/vda", 24);
                guest.kill();
            }
            QemuTools.io(backend.socket(), "read -P 0x5a 24M 8M").expectSuccess();
            try (Guest guest = boot(backend)) {
                Fio.run(guest, Fio.verify("/dev/vda", 32));
            }
        }
    }

    private Guest boot(Backend backend) throws IOException, InterruptedException {
        return Guest.under(Qemu.LATEST).disk(backend.socket(), 1).boot(directory);
    }
}
