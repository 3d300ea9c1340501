package dev.ringside.bench.compare;

import dev.ringside.bench.measure.Metric;
import dev.ringside.bench.measure.Spread;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Which differences may be chance: those between modes whose runs overlap. */
public enum Noise {
    /** Its median is the best. */
    BEST,
    /** Its runs overlap with those of the best. */
    WITHIN,
    /** All its runs are worse than all of the best. */
    BEYOND,
    /** There is one run only, or no figure. */
    UNKNOWN;

    /** Of a mode beside the others that did the same. */
    public static Noise of(Table table, Table.Cell cell, Metric metric) {
        List<Table.Cell> rivals = table.measured(cell.workload(), cell.guests());
        Comparator<Table.Cell> byMedian = Comparator.comparingDouble(
                rival -> table.spread(rival, metric).map(Spread::median).orElse(Double.NaN));
        Optional<Table.Cell> best = rivals.stream()
                .filter(rival -> table.spread(rival, metric).isPresent())
                .max(Figures.isHigherBetter(metric) ? byMedian : byMedian.reversed());
        Optional<Spread> own = table.spread(cell, metric);
        if (best.isEmpty() || own.isEmpty()) {
            return UNKNOWN;
        }
        if (best.get().equals(cell)) {
            return BEST;
        }
        Spread bests = table.spread(best.get(), metric).orElseThrow();
        if (own.get().min() <= bests.max() && bests.min() <= own.get().max()) {
            return WITHIN;
        }
        return runs(table, cell, metric) > 1 && runs(table, best.get(), metric) > 1 ? BEYOND : UNKNOWN;
    }

    private static long runs(Table table, Table.Cell cell, Metric metric) {
        return table.samples(cell).stream()
                .filter(sample -> sample.get(metric).isPresent())
                .count();
    }
}
