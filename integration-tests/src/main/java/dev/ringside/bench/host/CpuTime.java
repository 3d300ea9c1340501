package dev.ringside.bench.host;

import dev.ringside.bench.BenchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The processor time of a process, thread by thread. */
public final class CpuTime {
    /** The names of threads that are virtual processors of a QEMU (debug-threads=on). */
    private static final String PROCESSOR = "CPU ";

    private CpuTime() {}

    /** In seconds, of all threads but the virtual processors of a QEMU. */
    public static double seconds(long pid) throws BenchException {
        return seconds(pid, false);
    }

    /** In seconds, of the virtual processors of a QEMU. */
    public static double processorSeconds(long pid) throws BenchException {
        return seconds(pid, true);
    }

    private static double seconds(long pid, boolean processors) throws BenchException {
        double nanoseconds = 0;
        for (Path thread : threads(pid)) {
            if (isProcessor(thread) == processors) {
                // What it has run, what it has waited, how often. In nanoseconds, where stat has hundredths of a
                // second.
                String[] fields = read(thread.resolve("schedstat")).split(" ", -1);
                nanoseconds += fields.length == 3 ? Long.parseLong(fields[0]) : 0;
            }
        }
        return nanoseconds / 1e9;
    }

    /** How often all threads but the virtual processors of a QEMU have left a processor, of their own will or not. */
    public static double switches(long pid) throws BenchException {
        double switches = 0;
        for (Path thread : threads(pid)) {
            if (!isProcessor(thread)) {
                switches += read(thread.resolve("status"))
                        .lines()
                        .filter(line -> line.contains("ctxt_switches:"))
                        .mapToLong(line -> Long.parseLong(
                                line.substring(line.indexOf(':') + 1).strip()))
                        .sum();
            }
        }
        return switches;
    }

    /** The numbers of all threads but the virtual processors of a QEMU. */
    public static List<Long> threadNumbers(long pid) throws BenchException {
        return threads(pid).stream()
                .filter(thread -> !isProcessor(thread))
                .map(thread -> Long.parseLong(thread.getFileName().toString()))
                .toList();
    }

    private static boolean isProcessor(Path thread) {
        return read(thread.resolve("comm")).startsWith(PROCESSOR);
    }

    /** The number of a QEMU's thread of its first processor. */
    public static long firstProcessor(long pid) throws BenchException {
        for (Path thread : threads(pid)) {
            if (read(thread.resolve("comm")).startsWith(PROCESSOR + "0")) {
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
