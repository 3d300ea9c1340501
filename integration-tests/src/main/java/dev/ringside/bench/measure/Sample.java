package dev.ringside.bench.measure;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

/** What one run of one contender has shown. */
public final class Sample {
    private final Map<Metric, Double> values = new LinkedHashMap<>();

    /**
     * Adds a value, unless it is none (a quotient by zero).
     *
     * @return this
     */
    public Sample with(Metric metric, double value) {
        if (Double.isFinite(value)) {
            values.put(metric, value);
        }
        return this;
    }

    /** The value, if it was measured. */
    public OptionalDouble get(Metric metric) {
        Double value = values.get(metric);
        return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
    }

    /** What was measured. */
    public Set<Metric> metrics() {
        return values.keySet();
    }
}
