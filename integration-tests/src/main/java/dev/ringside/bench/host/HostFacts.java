package dev.ringside.bench.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** What one has to know of the machine to read its figures. */
public final class HostFacts {
    private static final double BUSY = 0.5;

    private HostFacts() {}

    /** In the order to be shown. */
    public static Map<String, String> all() {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("processor", value("/proc/cpuinfo", "model name"));
        facts.put("processors", String.valueOf(Runtime.getRuntime().availableProcessors()));
        facts.put("memory", value("/proc/meminfo", "MemTotal"));
        facts.put("kernel", System.getProperty("os.version", "unknown"));
        facts.put("java", System.getProperty("java.vm.version", "unknown"));
        facts.put("load", String.valueOf(load()));
        return facts;
    }

    /** Whether others are at work, so that the figures mean little. */
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
