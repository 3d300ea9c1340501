package dev.ringside.bench.compare;

import dev.ringside.bench.measure.Sample;
import dev.ringside.bench.measure.Spread;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What others did on the machine while runs were timed, for the reader of all of them. */
final class Disturbance {
    /** Of a processor: what is beyond it moves times more than the clocks of two counters differ. */
    private static final double MUCH = 0.25;

    private Disturbance() {}

    /** In a few words; empty if no run tells. */
    static Optional<String> summary(Table table) {
        return Spread.of(table.samples(), Figures.OTHERS)
                .map(spread -> String.format(
                        Locale.ROOT,
                        "%.2f processors in the median run, %.2f in the worst",
                        spread.median(),
                        spread.max()));
    }

    /** What times are worth, where it was much. */
    static Optional<String> warning(Table table) {
        List<Sample> samples = table.samples();
        long disturbed = samples.stream()
                .filter(sample -> sample.get(Figures.OTHERS).orElse(0) > MUCH)
                .count();
        if (disturbed == 0) {
            return Optional.empty();
        }
        return Optional.of("The machine was busy with other things in " + disturbed + " of " + samples.size()
                + " runs (\"others at work\" among all figures): their times mean little.");
    }
}
