package dev.ringside.bench.measure;

import java.util.List;
import java.util.Optional;

/**
 * Something to reach.
 *
 * @param title in words
 * @param cell by name
 * @param relative whether the value is taken relative to the baseline's
 */
public record Target(String title, String cell, Metric metric, boolean relative, Bound bound, double limit) {
    /** Which side of the limit is the good one. */
    public enum Bound {
        AT_LEAST,
        AT_MOST
    }

    /** How it went. */
    public enum Outcome {
        MET,
        MISSED,
        NOT_MEASURED
    }

    /**
     * What the results say.
     *
     * @param value is absent if it was not measured
     */
    public record Verdict(Target target, Outcome outcome, Optional<Spread> value) {}

    /** Holds the median against the limit. */
    public Verdict judge(List<CellResult> results, String subject, String baseline) {
        Optional<Spread> value = results.stream()
                .filter(result -> result.cell().name().equals(cell))
                .findFirst()
                .flatMap(result -> relative ? result.ratio(subject, baseline, metric) : result.spread(subject, metric));
        Outcome outcome = value.map(spread -> isMet(spread.median()) ? Outcome.MET : Outcome.MISSED)
                .orElse(Outcome.NOT_MEASURED);
        return new Verdict(this, outcome, value);
    }

    private boolean isMet(double median) {
        return bound == Bound.AT_LEAST ? median >= limit : median <= limit;
    }
}
