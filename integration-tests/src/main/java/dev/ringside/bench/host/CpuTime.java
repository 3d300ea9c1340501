package dev.ringside.bench.host;

import dev.ringside.bench.BenchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The processor time of a process, thread by thread. */
public final class CpuTime {
    /** USER_HZ: in the kernel's interface for ever. */
    private static final double TICKS_PER_SECOND = 100;

    /** In /proc/PID/stat behind the name in parentheses: utime, stime. */
    private static final int UTIME = 11;

    private static final int STIME = 12;

    private CpuTime() {}

    /** In seconds, of all threads but those whose name begins with "CPU ": the virtual processors of a QEMU. */
    public static double seconds(long pid) throws BenchException {
        double ticks = 0;
        for (Path thread : threads(pid)) {
            String stat = read(thread.resolve("stat"));
            int name = stat.indexOf('(');
            int end = stat.lastIndexOf(')');
            if (end > 0 && !stat.startsWith("CPU ", name + 1)) {
                String[] fields = stat.substring(end + 2).split(" ", -1);
                ticks += Long.parseLong(fields[UTIME]) + Long.parseLong(fields[STIME]);
            }
        }
        return ticks / TICKS_PER_SECOND;
    }

    /** The number of a QEMU's thread of its first processor. */
    public static long firstProcessor(long pid) throws BenchException {
        for (Path thread : threads(pid)) {
            if (read(thread.resolve("comm")).startsWith("CPU 0")) {
                return Long.parseLong(thread.getFileName().toString());
            }
        }
        throw new BenchException("QEMU has no thread of its processor");
    }

    private static List<Path> threads(long pid) throws BenchException {
        try (Stream<Path> tasks = Files.list(Path.of("/proc/" + pid + "/task"))) {
            return tasks.toList();
        } catch (IOException e) {
            throw new BenchException("process " + pid + " is gone", e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            // The thread has just ended.
            return "";
        }
    }
}
