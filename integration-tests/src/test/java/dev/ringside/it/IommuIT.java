package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Fio;
import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.NetNamespace;
import dev.ringside.it.support.Qemu;
import dev.ringside.it.support.Transfer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Disks and NICs behind the guest's virtual IOMMU: they know of its memory what they ask for, and only as long as the
 * driver has it mapped. The kernel takes translations back one by one, or many at a time.
 */
@ExtendWith(Lab.class)
class IommuIT {
    /** VIRTIO_F_ACCESS_PLATFORM; the guest counts features from 0 as characters. */
    private static final int ACCESS_PLATFORM = 33;

    @TempDir
    private Path directory;

    private static Guest.Builder guest(boolean packed, boolean strict) {
        Guest.Builder guest = Guest.under(Qemu.LATEST)
                .machine("q35,kernel-irqchip=split")
                .with("-device", "intel-iommu,intremap=on,caching-mode=on,device-iotlb=on")
                .kernel("intel_iommu=on iommu.passthrough=0 iommu.strict=" + (strict ? 1 : 0))
                .cpus(2)
                .behindIommu();
        return packed ? guest.packed() : guest;
    }

    @ParameterizedTest
    @CsvSource({"false,true", "true,false"})
    void whatTheGuestWritesVerifiesAndIsInTheImage(boolean packed, boolean strict) throws Exception {
        Path one = Images.blank(directory.resolve("one"), 16 * Images.MIB);
        Path two = Images.blank(directory.resolve("two"), 16 * Images.MIB);
        try (Backend first = Backend.serve(one);
                Backend second = Backend.serve(two, "--threads=2");
                Guest guest = guest(packed, strict)
                        .disk(first.socket(), 1)
                        .disk(second.socket(), 2)
                        .boot(directory)) {
            for (String disk : List.of("vda", "vdb")) {
                assertThat(guest.run("cat /sys/block/" + disk + "/device/features")
                                .charAt(ACCESS_PLATFORM))
                        .isEqualTo('1');
            }
            assertThat(guest.run("ls /sys/kernel/iommu_groups")).isNotEmpty();
            Fio.run(guest, Fio.verify("/dev/vda", 4));
            Fio.run(guest, Fio.verify("/dev/vdb", 4, 2));
            assertThat(guest.sha256("/dev/vda")).isEqualTo(Images.sha256(one));
            assertThat(guest.sha256("/dev/vdb")).isEqualTo(Images.sha256(two));

            // A driver that is bound anew maps its rings anew.
            guest.run("d=$(basename $(readlink -f /sys/block/vda/device)); cd /sys/bus/virtio/drivers/virtio_blk;"
                    + " echo $d >unbind; echo $d >bind");
            Fio.run(guest, Fio.verify("/dev/vda", 4));
            assertThat(guest.sha256("/dev/vda")).isEqualTo(Images.sha256(one));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void dataPassesBothWaysOverTwoQueuePairs(boolean packed) throws Exception {
        Path socket = directory.resolve("nic");
        try (NetNamespace host = NetNamespace.create()) {
            host.tap("tap0", 1, 1500, "multi_queue");
            try (Backend nic = Backend.nics(
                            host, List.of("socket-path=" + socket + ",link=tap:tap0,queues=2"), "--threads=2");
                    Guest guest = guest(packed, true).nic(socket, 2, "").boot(directory)) {
                assertThat(guest.run("cat /sys/class/net/eth0/device/features").charAt(ACCESS_PLATFORM))
                        .isEqualTo('1');
                guest.address("eth0", 2);
                guest.run("ping -c1 -W10 10.0.0.1");
                Transfer.ofMib(4).check(guest, host, "10.0.0.1");
                Transfer.ofMib(4).check(host, guest, "10.0.0.2", directory);
                assertThat(nic.process().isAlive()).isTrue();
            }
        }
    }
}
