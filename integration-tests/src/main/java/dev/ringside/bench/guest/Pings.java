package dev.ringside.bench.guest;

import dev.ringside.bench.BenchException;
import java.util.Arrays;
import java.util.regex.Pattern;

/** Round trips, in microseconds. */
public final class Pings {
    private static final Pattern TIME = Pattern.compile(" time=([\\d.]+) ms");

    private final double[] sorted;

    private Pings(double[] sorted) {
        this.sorted = sorted;
    }

    /** Reads what busybox' ping has said. */
    public static Pings parse(String said) throws BenchException {
        double[] times = TIME.matcher(said)
                .results()
                .mapToDouble(found -> Double.parseDouble(found.group(1)) * 1000)
                .sorted()
                .toArray();
        if (times.length == 0) {
            throw new BenchException("no ping came back: " + said.strip());
        }
        return new Pings(times);
    }

    public int count() {
        return sorted.length;
    }

    public double best() {
        return sorted[0];
    }

    public double mean() {
        return Arrays.stream(sorted).average().orElseThrow();
    }

    /**
     * The time that a share of them has not exceeded.
     *
     * @param share 0.5 for the median
     */
    public double quantile(double share) {
        return sorted[(int) Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
    }
}
