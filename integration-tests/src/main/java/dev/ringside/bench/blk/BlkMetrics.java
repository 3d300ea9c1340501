package dev.ringside.bench.blk;

import dev.ringside.bench.measure.Metric;
import java.util.List;

/** What is measured of a block backend. */
final class BlkMetrics {
    static final Metric IOPS = new Metric("iops", "IOPS", "");
    static final Metric MEGABYTES = new Metric("megabytes_per_second", "throughput", "MB/s");
    static final Metric MEAN = new Metric("mean_us", "latency mean", "us");
    static final Metric P50 = new Metric("p50_us", "latency p50", "us");
    static final Metric P99 = new Metric("p99_us", "latency p99", "us");
    static final Metric P999 = new Metric("p999_us", "latency p99.9", "us");
    /** Of all the backend's threads, io_uring's workers included. */
    static final Metric CPU = new Metric("cpu_us_per_io", "backend CPU/IO", "us");
    /** Of the backend. */
    static final Metric SWITCHES = new Metric("switches_per_1000", "context switches/1000 IO", "");

    static final Metric KICKS = new Metric("kicks_per_1000", "kicks/1000 IO", "");
    static final Metric CALLS = new Metric("calls_per_1000", "calls/1000 IO", "");
    static final Metric CLIENT_CPU = new Metric("client_cpu_us_per_io", "client CPU/IO", "us");
    static final Metric RESIDENT = new Metric("resident_megabytes", "resident memory", "MB");
    static final Metric ALLOCATED = new Metric("allocated_bytes_per_io", "allocated/IO", "B");
    /** How many requests had the right data: all, or the run has failed. */
    static final Metric VERIFIED = new Metric("verified_requests", "requests verified", "");
    /** From exec of the launcher to a listening socket. */
    static final Metric STARTUP = new Metric("startup_seconds", "start-up", "s");

    /** The lines of a table. */
    static final List<Metric> SHOWN = List.of(
            IOPS,
            MEGABYTES,
            MEAN,
            P50,
            P99,
            P999,
            CPU,
            CLIENT_CPU,
            SWITCHES,
            KICKS,
            CALLS,
            RESIDENT,
            ALLOCATED,
            VERIFIED,
            STARTUP);

    /** Those that are worth a chart of ratios. */
    static final List<Metric> CHARTED = List.of(IOPS, P50, P99, CPU);

    private BlkMetrics() {}
}
