package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Fio;
import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.ProcFs;
import dev.ringside.it.support.Qemu;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The engine for kernels that refuse io_uring, chosen by hand. */
@ExtendWith(Lab.class)
class EpollEngineIT {
    @TempDir
    private Path directory;

    @Test
    void whatTheGuestWritesVerifiesAndIsInTheImage() throws Exception {
        Path image = Images.blank(directory.resolve("disk"), 128 * Images.MIB);
        try (Backend backend = Backend.serve(image, "--engine=epoll", "--threads=2");
                Guest guest = Guest.under(Qemu.LATEST)
                        .cpus(4)
                        .disk(backend.socket(), 4)
                        .boot(directory)) {
            assertThat(ProcFs.holdings(backend.process().pid()).keySet())
                    .noneMatch(kind -> kind.contains("anon_inode:[io_uring]"));
            Fio.run(guest, Fio.verify("/dev/vda", 128, 4));
            Fio.run(guest, Fio.verify("/dev/vda", 64));
            assertThat(guest.sha256("/dev/vda")).isEqualTo(Images.sha256(image));
        }
    }
}
