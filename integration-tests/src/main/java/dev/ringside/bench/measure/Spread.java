package dev.ringside.bench.measure;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/** How values of several runs lie. The mean is left out: one disturbed run would move it. */
public record Spread(double min, double median, double max) {

    /** Of some values; of none there is none. */
    public static Optional<Spread> of(double... values) {
        if (values.length == 0) {
            return Optional.empty();
        }
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        double median = sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return Optional.of(new Spread(sorted[0], median, sorted[sorted.length - 1]));
    }

    /** Of a metric over the runs that have it. */
    public static Optional<Spread> of(List<Sample> samples, Metric metric) {
        return of(samples.stream()
                .map(sample -> sample.get(metric))
                .filter(OptionalDouble::isPresent)
                .mapToDouble(OptionalDouble::getAsDouble)
                .toArray());
    }

    /**
     * Of the quotients of runs that were made in the same round: what disturbed a round disturbed both.
     *
     * @param subject one sample for each round
     * @param baseline one sample for each round; rounds that only one of both has are left out
     */
    public static Optional<Spread> ofRatios(List<Sample> subject, List<Sample> baseline, Metric metric) {
        return of(IntStream.range(0, Math.min(subject.size(), baseline.size()))
                .mapToObj(round -> quotient(
                        subject.get(round).get(metric), baseline.get(round).get(metric)))
                .filter(OptionalDouble::isPresent)
                .mapToDouble(OptionalDouble::getAsDouble)
                .toArray());
    }

    private static OptionalDouble quotient(OptionalDouble above, OptionalDouble below) {
        return above.isPresent() && below.isPresent() && below.getAsDouble() != 0
                ? OptionalDouble.of(above.getAsDouble() / below.getAsDouble())
                : OptionalDouble.empty();
    }
}
