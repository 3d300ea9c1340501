package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Fio;
import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.Qemu;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The other way round: QEMU listens, and the backend connects whenever there is a QEMU. */
@ExtendWith(Lab.class)
class ConnectModeIT {
    @TempDir
    private Path directory;

    @Test
    void theBackendWaitsForAQemuAndForTheNextOne() throws Exception {
        Path image = Images.blank(directory.resolve("disk"), 32 * Images.MIB);
        Path socket = directory.resolve("qemu.sock");
        try (Backend backend = Backend.connect(socket, image)) {
            backend.process().err().await("waiting for a front-end");
            String written;
            try (Guest guest = boot(socket)) {
                Fio.run(guest, Fio.verify("/dev/vda", 32));
                written = guest.sha256("/dev/vda");
                guest.kill();
            }
            try (Guest guest = boot(socket)) {
                assertThat(guest.sha256("/dev/vda")).isEqualTo(written);
                guest.powerOff();
            }
        }
    }

    private Guest boot(Path socket) throws IOException, InterruptedException {
        return Guest.under(Qemu.LATEST).listeningDisk(socket, 1).boot(directory);
    }
}
