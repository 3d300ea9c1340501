package dev.ringside.bench.net;

import dev.ringside.bench.BenchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What our backend says at its end of all that it has done.
 *
 * @param frames both ways
 */
record Counts(long frames, long kicks, long calls) {
    private static final Pattern SUMMARY =
            Pattern.compile("(\\d+) frames \\(\\d+ bytes\\) to the guest, (\\d+) .* (\\d+) kicks, (\\d+) calls");

    /** Of all devices in a log. */
    static Counts of(Path log) throws BenchException {
        try {
            return of(Files.readString(log));
        } catch (IOException e) {
            throw new BenchException(log + ": " + e.getMessage(), e);
        }
    }

    static Counts of(String log) {
        Counts sum = new Counts(0, 0, 0);
        Matcher line = SUMMARY.matcher(log);
        while (line.find()) {
            sum = new Counts(
                    sum.frames + Long.parseLong(line.group(1)) + Long.parseLong(line.group(2)),
                    sum.kicks + Long.parseLong(line.group(3)),
                    sum.calls + Long.parseLong(line.group(4)));
        }
        return sum;
    }

    double kicksPer1000() {
        return kicks * 1000.0 / frames;
    }

    double callsPer1000() {
        return calls * 1000.0 / frames;
    }
}
