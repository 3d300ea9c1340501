package dev.ringside.blk.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * What the host's kernel says of a block device in sysfs.
 *
 * @param logicalBlockBytes what every request must be a multiple of
 * @param physicalBlockBytes what it had better be
 * @param discardBytes the unit in which it takes ranges back; 0 if it does not
 * @param lifetime {@code null} if it does not tell
 */
record HostBlockDevice(
        int logicalBlockBytes,
        int physicalBlockBytes,
        int discardBytes,
        @Nullable Lifetime lifetime) {

    /** Describes the device with a number, as {@code st_rdev} has it. */
    static HostBlockDevice of(long number) throws IOException {
        long major = ((number >>> 8) & 0xfff) | ((number >>> 32) & 0xffff_f000L);
        long minor = (number & 0xff) | ((number >>> 12) & 0xffff_ff00L);
        return at(Path.of("/sys/dev/block/%d:%d".formatted(major, minor)).toRealPath());
    }

    /** Describes the device with a directory in sysfs. */
    static HostBlockDevice at(Path directory) {
        // A partition has what its disk has.
        Path disk = Files.exists(directory.resolve("partition")) ? directory.resolve("..") : directory;
        Path queue = disk.resolve("queue");
        int logical = number(queue.resolve("logical_block_size")).orElse(512);
        return new HostBlockDevice(
                logical,
                Math.max(logical, number(queue.resolve("physical_block_size")).orElse(logical)),
                text(queue.resolve("discard_max_bytes")).matches("0?")
                        ? 0
                        : number(queue.resolve("discard_granularity")).orElse(0),
                lifetime(disk.resolve("device")));
    }

    private static @Nullable Lifetime lifetime(Path device) {
        // An eMMC: "0x01", and "0x01 0x02" for both kinds of memory.
        String[] estimates = text(device.resolve("life_time")).split(" ", -1);
        OptionalInt preEol = number(device.resolve("pre_eol_info"));
        if (preEol.isPresent() && estimates.length == 2) {
            return new Lifetime(
                    preEol.getAsInt(),
                    parse(estimates[0]).orElse(0),
                    parse(estimates[1]).orElse(0));
        }
        // A UFS device: it is the host adapter's, above target and host.
        Path health = device.resolve("../../../health_descriptor");
        OptionalInt eol = number(health.resolve("eol_info"));
        return eol.isPresent()
                ? new Lifetime(
                        eol.getAsInt(),
                        number(health.resolve("life_time_estimation_a")).orElse(0),
                        number(health.resolve("life_time_estimation_b")).orElse(0))
                : null;
    }

    private static OptionalInt number(Path file) {
        return parse(text(file));
    }

    private static OptionalInt parse(String text) {
        try {
            return OptionalInt.of(Integer.decode(text));
        } catch (NumberFormatException e) {
            return OptionalInt.empty();
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            return "";
        }
    }
}
