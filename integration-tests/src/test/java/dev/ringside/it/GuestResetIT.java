package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Fio;
import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.Qemu;
import dev.ringside.it.support.Qmp;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A machine that is reset keeps its connection: the rings stop, and start again from nothing. */
@ExtendWith(Lab.class)
class GuestResetIT {
    private static final String SECOND_HALF = "dd if=/dev/vda bs=1M skip=32 2>/dev/null | sha256sum";

    @TempDir
    private Path directory;

    @ParameterizedTest
    @EnumSource
    void theDiskWorksAfterAResetInTheMiddleOfWriting(Qemu qemu) throws Exception {
        Path image = Images.random(directory.resolve("disk"), 64);
        try (Backend backend = Backend.serve(image);
                Guest guest =
                        Guest.under(qemu).cpus(2).disk(backend.socket(), 2).boot(directory);
                Qmp qmp = guest.qmp()) {
            String untouched = guest.run(SECOND_HALF);
            Fio.startWriting(guest, "/dev/vda", 32);

            qmp.execute("system_reset", Map.of());
            guest.awaitBoot();

            assertThat(guest.run(SECOND_HALF)).isEqualTo(untouched);
            Fio.run(guest, Fio.verify("/dev/vda", 32, 2));
            assertThat(guest.sha256("/dev/vda")).isEqualTo(Images.sha256(image));
        }
    }
}
