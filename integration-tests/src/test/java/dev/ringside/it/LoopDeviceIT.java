package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Fio;
import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.LoopDevice;
import dev.ringside.it.support.Qemu;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Block devices of the host as disks, past the page cache. */
@ExtendWith(Lab.class)
class LoopDeviceIT {
    private static final int MIB = 32;

    @TempDir
    private Path directory;

    @ParameterizedTest(name = "sectors of {0} bytes on the host and of {1} in the guest")
    @CsvSource({"512,512", "4096,4096", "4096,512"})
    void aBlockDeviceIsADisk(int hostSector, int guestSector) throws Exception {
        Path image = Images.random(directory.resolve("disk"), MIB);
        try (LoopDevice loop = LoopDevice.over(image, hostSector);
                Backend backend = Backend.serveAt(
                        Backend.socketOf(image),
                        loop.path().toString(),
                        "--cache=none",
                        "--block-size=" + guestSector);
                Guest guest = Guest.under(Qemu.LATEST)
                        .cpus(2)
                        .disk(backend.socket(), 2)
                        .boot(directory)) {
            assertThat(guest.sha256("/dev/vda")).isEqualTo(Images.sha256(image));
            Fio.run(guest, Fio.verify("/dev/vda", MIB, 2).replace("bsrange=512-", "bsrange=" + guestSector + "-"));
            assertThat(guest.sha256("/dev/vda")).isEqualTo(Images.sha256(image));

            long full = Images.allocated(image);
            guest.run("blkdiscard -o 4M -l 8M /dev/vda");
            assertThat(full - Images.allocated(image)).isGreaterThanOrEqualTo(8L << 20);
            guest.run("blkdiscard -z -o 16M -l %d /dev/vda".formatted(3 * guestSector));
            // Not in the file yet, if they went through the page cache.
            assertThat(Images.read(loop.path(), 16 << 20, 3 * guestSector)).isEqualTo(new byte[3 * guestSector]);
            assertThat(guest.sha256("/dev/vda")).isEqualTo(Images.sha256(loop.path()));

            Images.resize(image, 2L * MIB * Images.MIB);
            loop.followSize();
            guest.awaitSize("vda", 2L * MIB * Images.MIB);

            // The kernel's own I/O error: the loop device claims what its file no longer has.
            Images.resize(image, (long) MIB * Images.MIB);
            String beyond = "dd if=/dev/vda of=/dev/null bs=64k count=1 iflag=direct skip=" + MIB * 20;
            assertThat(guest.attempt(beyond).out()).contains("Input/output error");
            backend.process().err().await("failed, Input/output error");
            Images.resize(image, 2L * MIB * Images.MIB);
            guest.run(beyond);
            assertThat(guest.sha256("/dev/vda")).isEqualTo(Images.sha256(loop.path()));
        }
    }
}
