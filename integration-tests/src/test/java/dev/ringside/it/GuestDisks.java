package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Fio;
import dev.ringside.it.support.Guest;
import dev.ringside.it.support.HostTools;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a guest does with its disks, on each machine that there is a subclass for. One guest of four processors serves
 * all tests; each test has a disk to itself.
 */
@ExtendWith(Lab.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class GuestDisks {
    private static final int CPUS = 4;
    private static final int ONE_QUEUE_MIB = 64;
    private static final int FOUR_QUEUES_MIB = 128;

    private final Guest.Builder machine;
    private final String[] options;

    private Path oneQueue;
    private Path fourQueues;
    private Path prepared;
    private Path readOnly;
    private Path fileSystem;

    @AutoClose
    private Backend vda;

    @AutoClose
    private Backend vdb;

    @AutoClose
    private Backend vdc;

    @AutoClose
    private Backend vdd;

    @AutoClose
    private Backend vde;

    @AutoClose
    private Guest guest;

    /** @param options of the backends */
    GuestDisks(Guest.Builder machine, String... options) {
        this.machine = machine;
        this.options = options;
    }

    @BeforeAll
    void bootGuest(@TempDir Path directory) throws IOException, InterruptedException {
        oneQueue = Images.blank(directory.resolve("one-queue"), (long) ONE_QUEUE_MIB * Images.MIB);
        fourQueues =
                Images.blank(directory.resolve("four-queues-and-a-long-name"), (long) FOUR_QUEUES_MIB * Images.MIB);
        prepared = Images.random(directory.resolve("prepared"), 32);
        readOnly = Images.random(directory.resolve("read-only"), 1);
        fileSystem = Images.blank(directory.resolve("file-system"), 64 * Images.MIB);
        vda = serve(oneQueue);
        vdb = serve(fourQueues, "--threads=2");
        vdc = serve(prepared);
        vdd = serve(readOnly, "--read-only", "--serial=look, don't touch");
        vde = serve(fileSystem);
        guest = machine.cpus(CPUS)
                .disk(vda.socket(), 1)
                .disk(vdb.socket(), CPUS)
                .disk(vdc.socket(), 1)
                .disk(vdd.socket(), 1)
                .disk(vde.socket(), 1)
                .boot(directory);
    }

    private Backend serve(Path image, String... more) throws InterruptedException {
        return Backend.serve(
                image, Stream.concat(Stream.of(options), Stream.of(more)).toArray(String[]::new));
    }

    /** The backend of vda. */
    Backend backend() {
        return vda;
    }

    @Test
    void sizesSerialsAndQueuesAreAsServed() throws Exception {
        assertThat(guest.run("cat /sys/block/vd[abd]/size"))
                .isEqualTo("%d\n%d\n%d".formatted(64 << 11, 128 << 11, 1 << 11));
        assertThat(guest.run("for disk in a b d; do cat /sys/block/vd$disk/serial; echo; done"))
                .isEqualTo("one-queue\nfour-queues-and-a-lo\nlook, don't touch");
        assertThat(guest.run("ls /sys/block/vda/mq")).isEqualTo("0");
        assertThat(guest.run("ls /sys/block/vdb/mq")).isEqualTo("0\n1\n2\n3");
    }

    @Test
    void whatTheGuestWritesOnOneQueueVerifiesAndIsInTheImage() throws Exception {
        Fio.run(guest, Fio.verify("/dev/vda", ONE_QUEUE_MIB));
        assertThat(guest.sha256("/dev/vda")).isEqualTo(Images.sha256(oneQueue));
    }

    @Test
    void whatTheGuestWritesOnFourQueuesVerifiesAndIsInTheImage() throws Exception {
        Fio.run(guest, Fio.verify("/dev/vdb", FOUR_QUEUES_MIB, CPUS));
        assertThat(guest.sha256("/dev/vdb")).isEqualTo(Images.sha256(fourQueues));
    }

    @Test
    void whatTheHostPreparedIsWhatTheGuestReads() throws Exception {
        assertThat(guest.sha256("/dev/vdc")).isEqualTo(Images.sha256(prepared));
    }

    @Test
    void aReadOnlyDiskIsReadOnlyAndStaysAsItIs() throws Exception {
        String before = Images.sha256(readOnly);
        assertThat(guest.run("cat /sys/block/vdd/ro")).isEqualTo("1");
        assertThat(guest.attempt("blockdev --setrw /dev/vdd; dd if=/dev/zero of=/dev/vdd bs=4k count=1 oflag=direct")
                        .status())
                .isNotZero();
        assertThat(guest.sha256("/dev/vdd")).isEqualTo(before);
        assertThat(Images.sha256(readOnly)).isEqualTo(before);
    }

    @Test
    void aFileSystemKeepsItsFilesAndIsCleanForBothSides() throws Exception {
        guest.run("mkfs.ext4 -q /dev/vde && mkdir -p /tmp/e && mount /dev/vde /tmp/e");
        guest.run("cp -a /bin/fio /bin/busybox /usr/lib/modules /tmp/e && mkdir /tmp/e/many");
        guest.run("for i in $(seq 200); do echo $i >/tmp/e/many/$i; done; rm /tmp/e/many/*7");
        String files = "cd /tmp/e && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum";
        String written = guest.run(files);

        guest.run("umount /dev/vde && fsck.ext4 -f -n /dev/vde && mount -o ro /dev/vde /tmp/e");
        assertThat(guest.run(files)).isEqualTo(written);
        guest.run("umount /dev/vde");
        HostTools.run("e2fsck", "-f", "-n", fileSystem.toString()).expectSuccess();
    }
}
