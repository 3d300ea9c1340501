package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Fio;
import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.Qemu;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A guest whose disks have packed rings: {@code packed=on}. */
@ExtendWith(Lab.class)
class PackedRingsIT {
    /** VIRTIO_F_RING_PACKED; the guest counts features from 0 as characters. */
    private static final int RING_PACKED = 34;

    @TempDir
    private Path directory;

    @Test
    void whatTheGuestWritesVerifiesAndIsInTheImage() throws Exception {
        Path oneQueue = Images.blank(directory.resolve("one"), 64 * Images.MIB);
        Path fourQueues = Images.blank(directory.resolve("four"), 128 * Images.MIB);
        try (Backend one = Backend.serve(oneQueue);
                Backend four = Backend.serve(fourQueues, "--threads=2");
                Guest guest = Guest.under(Qemu.LATEST)
                        .cpus(4)
                        .packed()
                        .disk(one.socket(), 1)
                        .disk(four.socket(), 4)
                        .boot(directory)) {
            for (String disk : new String[] {"vda", "vdb"}) {
                assertThat(guest.run("cat /sys/block/" + disk + "/device/features")
                                .charAt(RING_PACKED))
                        .isEqualTo('1');
            }
            Fio.run(guest, Fio.verify("/dev/vda", 64));
            Fio.run(guest, Fio.verify("/dev/vdb", 128, 4));
            assertThat(guest.sha256("/dev/vda")).isEqualTo(Images.sha256(oneQueue));
            assertThat(guest.sha256("/dev/vdb")).isEqualTo(Images.sha256(fourQueues));

            // A driver that is bound anew begins its rings anew, wherever those before had come to.
            guest.run("d=$(basename $(readlink -f /sys/block/vda/device)); cd /sys/bus/virtio/drivers/virtio_blk;"
                    + " echo $d >unbind; echo $d >bind");
            Fio.run(guest, Fio.verify("/dev/vda", 32));
            assertThat(guest.sha256("/dev/vda")).isEqualTo(Images.sha256(oneQueue));
        }
    }
}
