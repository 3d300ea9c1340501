package dev.ringside.bench.report;

import dev.ringside.bench.measure.Spread;
import dev.ringside.bench.measure.Target;
import java.util.Locale;

/** Numbers as people read them: three digits or so. */
public final class Numbers {
    private static final double THOUSAND = 1e3;
    private static final double MILLION = 1e6;

    private Numbers() {}

    public static String of(double value) {
        double size = Math.abs(value);
        if (size >= MILLION) {
            return digits(value / MILLION) + "M";
        }
        // Four digits are as short as three and a letter.
        if (size >= 10 * THOUSAND) {
            return digits(value / THOUSAND) + "k";
        }
        return digits(value);
    }

    private static String digits(double value) {
        double size = Math.abs(value);
        int decimals = size >= 100 || size == 0 ? 0 : size >= 10 ? 1 : 2;
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    /** Median, smallest and largest. */
    public static String of(Spread spread) {
        return of(spread.median()) + " (" + of(spread.min()) + ".." + of(spread.max()) + ")";
    }

    public static String ratio(double value) {
        return String.format(Locale.ROOT, "x%.2f", value);
    }

    public static String ratio(Spread spread) {
        return String.format(Locale.ROOT, "x%.2f (%.2f..%.2f)", spread.median(), spread.min(), spread.max());
    }

    public static String value(Target.Verdict verdict) {
        return verdict.value()
                .map(spread -> verdict.target().relative() ? ratio(spread) : of(spread))
                .orElse("-");
    }

    public static String limit(Target target) {
        return (target.bound() == Target.Bound.AT_LEAST ? ">= " : "<= ")
                + (target.relative() ? ratio(target.limit()) : of(target.limit()));
    }
}
