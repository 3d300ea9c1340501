package dev.ringside.bench.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.LongStream;

/**
 * The work of others on this machine: all its processors did (what a hypervisor took from them included) but for this
 * process and its descendants. The load average tells none of that: a comparison is a load itself.
 *
 * @param nanos the clock
 * @param ticks of others so far, hundredths of a second
 */
public record OthersWork(long nanos, long ticks) {
    /** USER_HZ, which Linux promises to programs whatever its own clock is. */
    private static final double TICKS_PER_SECOND = 100;

    /** In /proc/stat: user, nice, system and steal. Interrupts are left out: they are for whoever. */
    private static final int[] MACHINE = {1, 2, 3, 8};

    /** In /proc/PID/stat behind the name: utime, stime, and those of the children that have ended. */
    private static final int[] PROCESS = {11, 12, 13, 14};

    /** So far. */
    public static OthersWork now() {
        String machine = read("/proc/stat").lines().findFirst().orElse("").replaceAll(" +", " ");
        return new OthersWork(System.nanoTime(), sum(machine, MACHINE) - ours());
    }

    /** Of this process and its descendants so far. */
    static long ours() {
        return LongStream.concat(
                        LongStream.of(ProcessHandle.current().pid()),
                        ProcessHandle.current().descendants().mapToLong(ProcessHandle::pid))
                .map(OthersWork::process)
                .sum();
    }

    /** How many processors others have kept busy since then, on average. Less than a tenth is what the clocks differ by. */
    public double processorsSince(OthersWork before) {
        double seconds = (nanos - before.nanos) / 1e9;
        return Math.max(0, (ticks - before.ticks) / TICKS_PER_SECOND / seconds);
    }

    private static long process(long pid) {
        String stat = read("/proc/" + pid + "/stat");
        // A name may have anything in it.
        return sum(stat.substring(stat.lastIndexOf(')') + 1).strip(), PROCESS);
    }

    /** Nothing of who has just ended: the parent has its time. */
    static long sum(String line, int... fields) {
        String[] words = line.split(" ", -1);
        long sum = 0;
        for (int field : fields) {
            sum += field < words.length ? Long.parseLong(words[field]) : 0;
        }
        return sum;
    }

    private static String read(String file) {
        try {
            return Files.readString(Path.of(file));
        } catch (IOException e) {
            return "";
        }
    }
}
