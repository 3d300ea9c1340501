package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Firmware;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.Qemu;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A machine boots from the disk, by the driver of its BIOS. */
@ExtendWith(Lab.class)
class FirmwareIT {
    @ParameterizedTest
    @EnumSource
    void theBootSectorRuns(Qemu qemu, @TempDir Path directory) throws Exception {
        Path image = Images.blank(directory.resolve("disk"), Images.MIB);
        Firmware.install(image);
        try (Backend backend = Backend.serve(image)) {
            Firmware.boot(qemu, backend.socket());
            assertThat(backend.process().err().text()).doesNotContain("WARN", "ERROR");
        }
    }
}
