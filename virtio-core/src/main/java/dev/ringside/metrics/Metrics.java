package dev.ringside.metrics;

import java.util.Map;
import java.util.function.LongSupplier;

/** Where counts are announced. Thread-safe. Names are Prometheus names without a {@code _total} at their end. */
public interface Metrics {
    /** Announces to nobody. */
    Metrics NONE = new Metrics() {
        @Override
        public boolean isWatched() {
            return false;
        }

        @Override
        public void counter(String name, String help, Map<String, String> labels, LongSupplier value) {}

        @Override
        public void histogram(String name, String help, Map<String, String> labels, LatencyHistogram histogram) {}
    };

    /** Whether anybody looks: measuring that costs time on the data path is left out if not. */
    boolean isWatched();

    /**
     * Announces a count.
     *
     * @param help one line that says what is counted; the same for every counter of this name
     * @param labels tell counters of one name apart
     * @param value read whenever somebody asks, from any thread
     */
    void counter(String name, String help, Map<String, String> labels, LongSupplier value);

    /** Announces a histogram of seconds; parameters as for {@link #counter}. */
    void histogram(String name, String help, Map<String, String> labels, LatencyHistogram histogram);
}
