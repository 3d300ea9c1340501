package dev.ringside.app;

import dev.ringside.metrics.LatencyHistogram;
import dev.ringside.metrics.Metrics;
import io.prometheus.metrics.exporter.httpserver.HTTPServer;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/** Serves counts as Prometheus text over HTTP, reading them when they are asked for. */
final class PrometheusMetrics implements Metrics, MultiCollector, AutoCloseable {
    private final Map<String, List<CounterSeries>> counters = new LinkedHashMap<>();
    private final Map<String, List<HistogramSeries>> histograms = new LinkedHashMap<>();
    private final HTTPServer server;

    private record CounterSeries(String help, Labels labels, LongSupplier value) {}

    private record HistogramSeries(String help, Labels labels, LatencyHistogram histogram) {}

    /**
     * Starts to serve.
     *
     * @throws IOException with a message for the user, if the address is not to be had
     */
    PrometheusMetrics(InetSocketAddress address) throws IOException {
        PrometheusRegistry registry = new PrometheusRegistry();
        registry.register(this);
        try {
            server = HTTPServer.builder()
                    .inetAddress(address.getAddress())
                    .port(address.getPort())
                    .registry(registry)
                    .buildAndStart();
        } catch (IOException e) {
            throw new IOException(
                    "--metrics=" + address.getHostString() + ":" + address.getPort() + ": " + e.getMessage(), e);
        }
    }

    /**
     * Reads {@code ADDR:PORT}; {@code :PORT} and {@code PORT} mean loopback.
     *
     * @throws InvalidOptions if it is neither
     */
    static InetSocketAddress parse(String value) throws InvalidOptions {
        int colon = value.lastIndexOf(':');
        String host = colon <= 0 ? InetAddress.getLoopbackAddress().getHostAddress() : value.substring(0, colon);
        try {
            InetSocketAddress address = new InetSocketAddress(host, Integer.parseInt(value.substring(colon + 1)));
            if (!address.isUnresolved()) {
                return address;
            }
        } catch (IllegalArgumentException e) {
            // Answered below.
        }
        throw new InvalidOptions("--metrics wants ADDR:PORT, not '" + value + "'");
    }

    /** Where it serves: the port may have been left to the system. */
    int port() {
        return server.getPort();
    }

    @Override
    public boolean isWatched() {
        return true;
    }

    @Override
    public synchronized void counter(String name, String help, Map<String, String> labels, LongSupplier value) {
        counters.computeIfAbsent(name, key -> new ArrayList<>()).add(new CounterSeries(help, labels(labels), value));
    }

    @Override
    public synchronized void histogram(
            String name, String help, Map<String, String> labels, LatencyHistogram histogram) {
        histograms
                .computeIfAbsent(name, key -> new ArrayList<>())
                .add(new HistogramSeries(help, labels(labels), histogram));
    }

    private static Labels labels(Map<String, String> labels) {
        return Labels.of(labels.keySet().toArray(String[]::new), labels.values().toArray(String[]::new));
    }

    @Override
    public synchronized MetricSnapshots collect() {
        List<MetricSnapshot> all = new ArrayList<>();
        counters.forEach((name, series) -> all.add(counters(name, series)));
        histograms.forEach((name, series) -> all.add(histograms(name, series)));
        return new MetricSnapshots(all);
    }

    private static MetricSnapshot counters(String name, List<CounterSeries> series) {
        CounterSnapshot.Builder snapshot =
                CounterSnapshot.builder().name(name).help(series.get(0).help());
        for (CounterSeries one : series) {
            snapshot.dataPoint(CounterSnapshot.CounterDataPointSnapshot.builder()
                    .labels(one.labels())
                    .value((double) one.value().getAsLong())
                    .build());
        }
        return snapshot.build();
    }

    private static MetricSnapshot histograms(String name, List<HistogramSeries> series) {
        HistogramSnapshot.Builder snapshot =
                HistogramSnapshot.builder().name(name).help(series.get(0).help());
        for (HistogramSeries one : series) {
            ClassicHistogramBuckets.Builder buckets = ClassicHistogramBuckets.builder();
            for (int i = 0; i < LatencyHistogram.BOUNDED_BUCKETS; i++) {
                buckets.bucket(LatencyHistogram.boundSeconds(i), one.histogram().count(i));
            }
            buckets.bucket(Double.POSITIVE_INFINITY, one.histogram().count(LatencyHistogram.BOUNDED_BUCKETS));
            snapshot.dataPoint(HistogramSnapshot.HistogramDataPointSnapshot.builder()
                    .labels(one.labels())
                    .classicHistogramBuckets(buckets.build())
                    .sum(one.histogram().sumSeconds())
                    .build());
        }
        return snapshot.build();
    }

    @Override
    public void close() {
        server.stop();
    }
}
