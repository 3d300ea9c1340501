package dev.ringside.it.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the kernel says of a process in /proc. */
public final class ProcFs {
    private static final Pattern NUMBERS = Pattern.compile("\\d+");

    private ProcFs() {}

    /** The words of its command line; nothing if it has ended. */
    public static String commandLine(long pid) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/cmdline"), StandardCharsets.ISO_8859_1)
                    .replace('\0', ' ');
        } catch (IOException e) {
            return "";
        }
    }

    /** Of the processes that one has started, and theirs, the one of a name (comm). */
    public static long descendantNamed(long pid, String name) {
        return ProcessHandle.of(pid).stream()
                .flatMap(ProcessHandle::descendants)
                .mapToLong(ProcessHandle::pid)
                .filter(each -> read(Path.of("/proc/" + each + "/comm")).anyMatch(name::equals))
                .findFirst()
                .orElseThrow(() -> new AssertionError("process " + pid + " has not started any " + name));
    }

    /**
     * What a process holds that a front-end's connection could leave behind: descriptors, shared mappings and threads,
     * how many of each kind. Left out is what the JVM and the kernel make and end as they see fit: private mappings
     * (heap, code, stacks), compiler threads, io_uring's workers.
     */
    public static Map<String, Long> holdings(long pid) {
        Path process = Path.of("/proc/" + pid);
        Map<String, Long> holdings = new TreeMap<>();
        count(holdings, "fd ", list(process.resolve("fd")).map(ProcFs::target));
        count(holdings, "mapping ", sharedMappings(process));
        count(holdings, "thread ", threads(process));
        return holdings;
    }

    private static void count(Map<String, Long> holdings, String prefix, Stream<String> names) {
        names.map(name -> prefix + NUMBERS.matcher(name).replaceAll("N"))
                .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()))
                .forEach(holdings::put);
    }

    private static Stream<String> sharedMappings(Path process) {
        // address permissions offset device inode path
        return read(process.resolve("maps"))
                .map(line -> line.split(" +", 6))
                .filter(fields -> fields[1].endsWith("s"))
                .map(fields -> fields.length > 5 ? fields[5] : "anonymous");
    }

    private static Stream<String> threads(Path process) {
        return list(process.resolve("task"))
                .flatMap(task -> read(task.resolve("comm")))
                .filter(name -> !name.startsWith("iou-wrk-") && !name.matches("C[12] Compiler.*"));
    }

    private static Stream<Path> list(Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<String> read(Path file) {
        try {
            return Files.readAllLines(file, StandardCharsets.ISO_8859_1).stream();
        } catch (IOException e) {
            return Stream.of();
        }
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            return "closed meanwhile";
        }
    }
}
