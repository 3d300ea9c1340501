package dev.ringside.bench.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What memory a process holds. */
public final class Memory {
    private static final String RESIDENT = "VmRSS:";

    private Memory() {}

    /** In MB (10^6), everything that is resident: heap, code, and what it maps of its guests' memory. NaN if unknown. */
    public static double residentMegabytes(long pid) {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
                if (line.startsWith(RESIDENT)) {
                    String kibibytes = line.substring(RESIDENT.length()).replace("kB", "");
                    return Long.parseLong(kibibytes.strip()) * 1024 / 1e6;
                }
            }
        } catch (IOException | NumberFormatException e) {
            // Unknown.
        }
        return Double.NaN;
    }
}
