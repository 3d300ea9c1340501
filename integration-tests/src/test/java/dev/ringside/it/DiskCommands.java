package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Fio;
import dev.ringside.it.support.Guest;
import dev.ringside.it.support.HostTools;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.NbdServer;
import dev.ringside.it.support.Qemu;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a guest asks of its disks apart from reading and writing, under each QEMU and by each engine that there is a
 * subclass for. One process serves all disks of one guest; each test has a disk to itself.
 */
@ExtendWith(Lab.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class DiskCommands {
    private static final int MIB = 32;
    private static final long BYTES = (long) MIB * Images.MIB;

    private final Qemu qemu;
    private final String[] options;

    private Path ranges;
    private Path trimmed;
    private Path resized;
    private Path largeBlocks;
    private Path direct;
    private Path serverLog;

    @AutoClose
    private NbdServer server;

    @AutoClose
    private Backend backend;

    @AutoClose
    private Guest guest;

    DiskCommands(Qemu qemu, String... options) {
        this.qemu = qemu;
        this.options = options;
    }

    @BeforeAll
    void bootGuest(@TempDir Path directory) throws Exception {
        ranges = Images.random(directory.resolve("ranges"), MIB);
        trimmed = Images.blank(directory.resolve("trimmed"), 2 * BYTES);
        resized = Images.random(directory.resolve("resized"), MIB);
        largeBlocks = Images.blank(directory.resolve("large-blocks"), 2 * BYTES);
        direct = Images.blank(directory.resolve("direct"), BYTES);
        serverLog = directory.resolve("server-log");
        server = NbdServer.nbdkit(directory, "--filter=log", "memory", MIB + "M", "logfile=" + serverLog);

        // O_DIRECT is not to be had everywhere, as on a tmpfs; the page cache answers the same.
        String none = Files.getFileStore(directory).type().equals("tmpfs") ? "" : ",cache=none";
        List<String> devices = Stream.of(
                        device(ranges, ""),
                        device(trimmed, ""),
                        "socket-path=%s,blk-file=%s".formatted(directory.resolve("server"), server.uri()),
                        device(resized, ""),
                        device(largeBlocks, ",block-size=4096" + none),
                        device(direct, none))
                .toList();
        backend = Backend.serveAll(
                Backend.socketOf(ranges),
                devices,
                Stream.concat(Stream.of("--threads=2"), Arrays.stream(options)).toArray(String[]::new));
        guest = Guest.under(qemu)
                .cpus(2)
                .disk(Backend.socketOf(ranges), 1)
                .disk(Backend.socketOf(trimmed), 1)
                .disk(directory.resolve("server"), 1)
                .disk(Backend.socketOf(resized), 1)
                .disk(Backend.socketOf(largeBlocks), 2)
                .disk(Backend.socketOf(direct), 2)
                .boot(directory);
    }

    private static String device(Path image, String more) {
        return "socket-path=%s,blk-file=%s%s".formatted(Backend.socketOf(image), image, more);
    }

    /** A discarded range is a hole in the image, and so is one that is zeroed and may be unmapped; others stay. */
    @Test
    void discardsAndZeroesArriveInTheImage() throws Exception {
        byte[] expected = Files.readAllBytes(ranges);
        long before = Images.allocated(ranges);

        guest.run("blkdiscard -o 4M -l 4M /dev/vda");
        Arrays.fill(expected, 4 << 20, 8 << 20, (byte) 0);
        long discarded = Images.allocated(ranges);
        assertThat(before - discarded).as("given back by a discard").isGreaterThanOrEqualTo(4L << 20);

        guest.run("fallocate --punch-hole -o 16M -l 4M /dev/vda");
        Arrays.fill(expected, 16 << 20, 20 << 20, (byte) 0);
        long punched = Images.allocated(ranges);
        assertThat(discarded - punched).as("given back by zeroing").isGreaterThanOrEqualTo(4L << 20);

        guest.run("blkdiscard -z -o 24M -l 2M /dev/vda && fallocate --zero-range -o 28M -l 1536 /dev/vda");
        Arrays.fill(expected, 24 << 20, 26 << 20, (byte) 0);
        Arrays.fill(expected, 28 << 20, (28 << 20) + 1536, (byte) 0);
        assertThat(Images.allocated(ranges)).as("kept when zeroed").isGreaterThanOrEqualTo(punched);

        assertThat(Files.readAllBytes(ranges)).isEqualTo(expected);
        assertThat(guest.sha256("/dev/vda")).isEqualTo(Images.sha256(ranges));
        // The guest itself writes zeroes where a disk does not zero.
        assertThat(guest.run("cat /sys/block/vda/queue/write_zeroes_max_bytes")).isNotEqualTo("0");
        assertThat(guest.run("cat /sys/block/vda/queue/discard_granularity")).isEqualTo("4096");
    }

    @Test
    void aFileSystemGivesSpaceBackAndStaysWhole() throws Exception {
        guest.run("mkfs.ext4 -q /dev/vdb && mkdir -p /tmp/b && mount /dev/vdb /tmp/b");
        guest.run("cp /bin/busybox /tmp/b/kept && dd if=/dev/urandom of=/tmp/b/gone bs=1M count=24 && sync");
        long full = Images.allocated(trimmed);
        String kept = guest.run("sha256sum </tmp/b/kept");

        guest.run("rm /tmp/b/gone && sync && fstrim /tmp/b");
        assertThat(full - Images.allocated(trimmed)).isGreaterThan(20L << 20);

        guest.run("umount /tmp/b && fsck.ext4 -f -n /dev/vdb && mount -o ro /dev/vdb /tmp/b");
        assertThat(guest.run("sha256sum </tmp/b/kept")).isEqualTo(kept);
        guest.run("umount /tmp/b");
        HostTools.run("e2fsck", "-f", "-n", trimmed.toString()).expectSuccess();
    }

    /** The server is told which writes have to be durable when they are done: all of them, or none and then a flush. */
    @Test
    void theGuestSwitchesTheWriteCacheOffAndOn() throws Exception {
        String type = "/sys/block/vdc/cache_type";
        String write = "dd if=/dev/zero of=/dev/vdc bs=4k count=1 oflag=direct conv=fsync seek=";
        assertThat(guest.run("cat " + type)).isEqualTo("write back");
        guest.run(write + 1);
        guest.run("echo 'write through' >%1$s && cat %1$s".formatted(type));
        guest.run(write + 2);
        guest.run("echo 'write back' >" + type);
        guest.run(write + 3);

        List<String> log = Files.readAllLines(serverLog);
        int first = write(log, 0x1000);
        int second = write(log, 0x2000);
        int third = write(log, 0x3000);
        assertThat(log.get(first)).contains("fua=0");
        assertThat(log.subList(first, second)).anyMatch(line -> line.contains(" Flush "));
        assertThat(log.get(second)).contains("fua=1");
        assertThat(log.subList(second, third)).noneMatch(line -> line.contains(" Flush "));
        assertThat(log.get(third)).contains("fua=0");
        assertThat(log.subList(third, log.size())).anyMatch(line -> line.contains(" Flush "));
    }

    private static int write(List<String> log, int offset) {
        for (int i = 0; i < log.size(); i++) {
            if (log.get(i).contains(" Write ") && log.get(i).contains("offset=0x%x ".formatted(offset))) {
                return i;
            }
        }
        throw new AssertionError("no write at %#x in %s".formatted(offset, log));
    }

    @Test
    void theGuestFollowsTheImagesSize() throws Exception {
        String before = Images.sha256(resized);
        Images.resize(resized, 2 * BYTES);
        guest.awaitSize("vdd", 2 * BYTES);
        guest.run("yes grown | dd of=/dev/vdd bs=1M seek=48 count=4 iflag=fullblock oflag=direct conv=fsync");
        assertThat(Images.read(resized, 48L << 20, 6))
                .asString(StandardCharsets.UTF_8)
                .isEqualTo("grown\n");

        Images.resize(resized, BYTES);
        backend.process().signal("HUP");
        guest.awaitSize("vdd", BYTES);
        assertThat(guest.sha256("/dev/vdd")).isEqualTo(before);
        assertThat(guest.run("blockdev --rereadpt /dev/vdd && blockdev --getsize64 /dev/vdd"))
                .isEqualTo(String.valueOf(BYTES));
    }

    @Test
    void blocksOf4096BytesCarryAFileSystem() throws Exception {
        assertThat(guest.run("cd /sys/block/vde/queue && cat logical_block_size physical_block_size minimum_io_size"))
                .isEqualTo("4096\n4096\n4096");
        Fio.run(guest, Fio.verify("/dev/vde", MIB, 2).replace("bsrange=512-", "bsrange=4k-"));
        assertThat(guest.sha256("/dev/vde")).isEqualTo(Images.sha256(largeBlocks));

        guest.run("mkfs.ext4 -q /dev/vde && mkdir -p /tmp/e && mount /dev/vde /tmp/e");
        guest.run("cp -a /bin/fio /usr/lib/modules /tmp/e && umount /tmp/e && fsck.ext4 -f -n /dev/vde");
        HostTools.run("e2fsck", "-f", "-n", largeBlocks.toString()).expectSuccess();
    }

    /** Requests of single sectors, from and to buffers that begin anywhere in a page. */
    @Test
    void thePageCacheCanBePassedByWithAnyRequest() throws Exception {
        assertThat(guest.run("cd /sys/block/vdf/queue && cat logical_block_size physical_block_size"))
                .isEqualTo("512\n4096");
        Fio.run(guest, Fio.verify("/dev/vdf", MIB, 2) + " --iomem_align=512 --bs_unaligned=0 --blockalign=512");
        assertThat(guest.sha256("/dev/vdf")).isEqualTo(Images.sha256(direct));
    }
}
