package dev.ringside.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What this process holds: descriptors and mappings of guest memory, from /proc/self, and threads, counted by name. What
 * the JVM opens and starts by itself, whenever it likes, is left out.
 *
 * @param fds by what they refer to
 * @param mappings of {@link FakeMemory}
 * @param threads by name
 */
public record ProcSelf(Map<String, Integer> fds, long mappings, Map<String, Integer> threads) {
    private static final Path SELF = Path.of("/proc/self");

    /** First address, end, permissions, offset in the file. */
    private static final Pattern MAPPING = Pattern.compile("^([0-9a-f]+)-([0-9a-f]+) \\S+ ([0-9a-f]+) ");

    /** Of the JVM and the test runner. */
    private static final List<String> OTHERS_THREADS = List.of(
            "Reference Handler",
            "Finalizer",
            "Signal Dispatcher",
            "Notification Thread",
            "Common-Cleaner",
            "process reaper",
            "surefire-",
            "main",
            "Cleaner-",
            "JNA Cleaner",
            "ForkJoinPool",
            "Attach Listener",
            "junit",
            "ping-");

    private static final List<String> OTHERS_FILES = List.of(".jar", "/modules", "/proc/", "random", "/ffi");

    /** As it is now. */
    public static ProcSelf now() {
        return new ProcSelf(fdKinds(), guestMappings(), threadNames());
    }

    /**
     * Waits until this process holds no more than before; perhaps less, for an earlier test's threads may have ended
     * meanwhile.
     */
    public static void awaitNoMoreThan(ProcSelf before) {
        long end = System.nanoTime() + FakeFrontEnd.DEADLINE.toNanos();
        ProcSelf now = now();
        while (now.mappings() > before.mappings()
                || exceeds(now.fds(), before.fds())
                || exceeds(now.threads(), before.threads())) {
            if (System.nanoTime() > end) {
                throw new AssertionError("held before: %s%nheld now: %s".formatted(before, now));
            }
            Thread.onSpinWait();
            now = now();
        }
    }

    private static boolean exceeds(Map<String, Integer> now, Map<String, Integer> before) {
        return now.entrySet().stream().anyMatch(kind -> kind.getValue() > before.getOrDefault(kind.getKey(), 0));
    }

    private static Map<String, Integer> fdKinds() {
        Map<String, Integer> kinds = new TreeMap<>();
        for (Path fd : list("fd")) {
            String target = readLink(fd);
            if (!target.isEmpty() && OTHERS_FILES.stream().noneMatch(target::contains)) {
                kinds.merge(target.replaceAll(":\\[[0-9]+]", ""), 1, Integer::sum);
            }
        }
        return kinds;
    }

    private static long guestMappings() {
        return guestMaps().size();
    }

    /** How far the mappings of {@link FakeMemory} reach into their files, in bytes. */
    public static long endOfGuestMappings() {
        return guestMaps().stream()
                .map(MAPPING::matcher)
                .filter(Matcher::find)
                .mapToLong(map -> hex(map.group(3)) + hex(map.group(2)) - hex(map.group(1)))
                .max()
                .orElse(0);
    }

    private static long hex(String digits) {
        return Long.parseUnsignedLong(digits, 16);
    }

    private static List<String> guestMaps() {
        try (Stream<String> lines = Files.lines(SELF.resolve("maps"))) {
            return lines.filter(line -> line.contains("memfd:" + FakeMemory.NAME))
                    .toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** As Java counts them: a thread gives itself its name in /proc only some time after its start. */
    private static Map<String, Integer> threadNames() {
        ThreadGroup all = Thread.currentThread().getThreadGroup();
        while (all.getParent() != null) {
            all = all.getParent();
        }
        Thread[] threads = new Thread[2 * all.activeCount() + 16];
        int count = all.enumerate(threads);
        Map<String, Integer> names = new TreeMap<>();
        for (int i = 0; i < count; i++) {
            String name = threads[i].getName();
            if (OTHERS_THREADS.stream().noneMatch(name::startsWith)) {
                names.merge(name, 1, Integer::sum);
            }
        }
        return names;
    }

    private static List<Path> list(String directory) {
        try (Stream<Path> entries = Files.list(SELF.resolve(directory))) {
            return entries.toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static String readLink(Path fd) {
        try {
            return Files.readSymbolicLink(fd).toString();
        } catch (NoSuchFileException e) {
            return "";
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
