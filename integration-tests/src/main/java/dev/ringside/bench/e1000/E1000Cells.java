package dev.ringside.bench.e1000;

import dev.ringside.bench.e1000.E1000Cell.Traffic;
import dev.ringside.bench.measure.Metric;
import dev.ringside.bench.measure.Target;
import dev.ringside.bench.measure.Target.Bound;
import java.util.List;

/** What is measured, and what is to be reached. */
final class E1000Cells {
    /** What {@code --quick} stands for. */
    static final String QUICK = "*";

    private static final int SMALL_DATAGRAM = 18;

    private E1000Cells() {}

    static List<E1000Cell> all() {
        return List.of(
                new E1000Cell("ping", "ping, one at a time, guest to host", Traffic.PING, 0, false),
                new E1000Cell("tcp-out", "TCP, guest to host", Traffic.TCP, 0, false),
                new E1000Cell("tcp-in", "TCP, host to guest", Traffic.TCP, 0, true),
                new E1000Cell("udp-18-out", "UDP, 18 bytes, guest to host", Traffic.UDP, SMALL_DATAGRAM, false),
                new E1000Cell("udp-18-in", "UDP, 18 bytes, host to guest", Traffic.UDP, SMALL_DATAGRAM, true));
    }

    /** What the project wants to reach. */
    static List<Target> targets() {
        return List.of(
                ratio("ping: mean", "ping", E1000Metrics.RTT, Bound.AT_MOST, 1.3),
                ratio("TCP out: throughput", "tcp-out", E1000Metrics.GIGABITS, Bound.AT_LEAST, 0.8),
                ratio("TCP in: throughput", "tcp-in", E1000Metrics.GIGABITS, Bound.AT_LEAST, 0.8));
    }

    private static Target ratio(String title, String cell, Metric metric, Bound bound, double limit) {
        return new Target(title, cell, metric, true, bound, limit);
    }
}
