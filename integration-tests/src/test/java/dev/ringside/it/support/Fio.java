package dev.ringside.it.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;

/** fio in a guest: random reads and writes of every size, each block verified by its checksum. */
public final class Fio {
    private static final String VERIFY = "fio --name=v --filename=%s --size=%dm --rw=randrw --bsrange=512-256k"
            + " --verify=crc32c --ioengine=libaio --iodepth=32 --direct=1";

    private Fio() {}

    /** The command line that verifies the first mebibytes of a device from one processor. */
    public static String verify(String device, int mebibytes) {
        return VERIFY.formatted(device, mebibytes);
    }

    /** The same from several processors at once, each with a part of the device and, on such a disk, a queue. */
    public static String verify(String device, int mebibytes, int cpus) {
        int part = mebibytes / cpus;
        return VERIFY.formatted(device, part)
                + " --numjobs=%d --offset_increment=%dm --cpus_allowed=0-%d --cpus_allowed_policy=split --group_reporting"
                        .formatted(cpus, part, cpus - 1);
    }

    /** Starts to verify the first mebibytes of a device from some processors, twice over, and returns at once. */
    public static void startVerifying(Guest guest, String device, int mebibytes, int cpus)
            throws IOException, InterruptedException {
        guest.run("(" + verify(device, mebibytes, cpus) + " --loops=2 >/tmp/fio 2>&1; echo done >>/tmp/fio) &");
    }

    /** Waits until that has come to its end, which has to be a good one. */
    public static void awaitVerified(Guest guest) throws IOException, InterruptedException {
        run(guest, "until grep -q '^done' /tmp/fio; do usleep 50000; done; cat /tmp/fio");
    }

    /** Starts random writes without an end to the first mebibytes of a device, and returns when some have been done. */
    public static void startWriting(Guest guest, String device, int mebibytes)
            throws IOException, InterruptedException {
        guest.run(
                ("fio --name=w --filename=%s --size=%dm --rw=randwrite --bsrange=512-256k --ioengine=libaio --iodepth=32"
                                + " --direct=1 --time_based --runtime=1d >/dev/null 2>&1 &")
                        .formatted(device, mebibytes));
        String sectorsWritten =
                "$(awk '{ print $7 }' /sys/block/%s/stat)".formatted(device.substring("/dev/".length()));
        guest.run("until [ %s -gt 0 ]; do usleep 10000; done".formatted(sectorsWritten));
    }

    /** Runs one of these in a guest, where it has to find no error. */
    public static void run(Guest guest, String command) throws IOException, InterruptedException {
        assertThat(guest.run(command)).contains("err= 0").containsPattern("issued rwts: total=[1-9]\\d*,[1-9]");
    }
}
