package dev.ringside.bench.guest;

import dev.ringside.bench.BenchException;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What sockperf's ping-pong has found.
 *
 * @param seconds from the first message to the last, its own warm-up included: whoever counts beside it counts all of that
 * @param messages that went either way in this time
 * @param p50 the median of round trips in microseconds, without those of the warm-up; NaN if there is none
 * @param p99 of the same
 */
public record Sockperf(double seconds, double messages, double p50, double p99) {
    private static final Pattern RUN =
            Pattern.compile("\\[Total Run] RunTime=([\\d.]+) sec; .*SentMessages=(\\d+); ReceivedMessages=(\\d+)");
    private static final Pattern PERCENTILE = Pattern.compile("percentile (50|99)\\.000 = *([\\d.]+)");

    /** Reads what it has said; with {@code --full-rtt}, for else it halves the times. */
    public static Sockperf parse(String said) throws BenchException {
        Matcher run = RUN.matcher(said);
        Map<String, Double> percentiles = PERCENTILE
                .matcher(said)
                .results()
                .collect(Collectors.toMap(
                        found -> found.group(1), found -> Double.parseDouble(found.group(2)), (one, other) -> one));
        if (!run.find() || percentiles.isEmpty()) {
            throw new BenchException("sockperf has no result: " + said.strip());
        }
        return new Sockperf(
                Double.parseDouble(run.group(1)),
                Double.parseDouble(run.group(2)) + Double.parseDouble(run.group(3)),
                percentiles.getOrDefault("50", Double.NaN),
                percentiles.getOrDefault("99", Double.NaN));
    }
}
