package dev.ringside.bench.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** What one has to know of the machine to read its figures. */
public final class HostFacts {
    private static final double BUSY = 0.5;
    private static final double KIBIBYTES_OF_A_GIBIBYTE = 1 << 20;

    private HostFacts() {}

    /** In the order to be shown. */
    public static Map<String, String> all() {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("processor", value("/proc/cpuinfo", "model name"));
        facts.put("processors", String.valueOf(Runtime.getRuntime().availableProcessors()));
        facts.put("memory", memory());
        facts.put("kernel", System.getProperty("os.version", "unknown"));
        facts.put("java", System.getProperty("java.vm.version", "unknown"));
        return facts;
    }

    /** Whether others are at work, so that the figures mean little: before anything of ours has begun. */
    public static boolean isBusy() {
        return load() > BUSY;
    }

    /** The average of the last minute. */
    public static double load() {
        String text = read("/proc/loadavg");
        try {
            return Double.parseDouble(text.substring(0, text.indexOf(' ')));
        } catch (NumberFormatException | StringIndexOutOfBoundsException e) {
            return 0;
        }
    }

    private static String memory() {
        String total = value("/proc/meminfo", "MemTotal");
        return total.matches("\\d+ kB")
                ? String.format(
                        Locale.ROOT, "%.1f GiB", Long.parseLong(total.replace(" kB", "")) / KIBIBYTES_OF_A_GIBIBYTE)
                : total;
    }

    private static String value(String file, String key) {
        return read(file)
                .lines()
                .filter(line -> line.startsWith(key))
                .findFirst()
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .orElse("unknown");
    }

    private static String read(String file) {
        try {
            return Files.readString(Path.of(file));
        } catch (IOException e) {
            return "";
        }
    }
}
