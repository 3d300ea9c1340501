package dev.ringside.bench.net;

import dev.ringside.bench.measure.Metric;
import java.util.List;

/** What is measured of a network backend. */
final class NetMetrics {
    static final Metric GIGABITS = new Metric("gigabits_per_second", "throughput", "Gbit/s");
    static final Metric PACKETS = new Metric("packets_per_second", "packets/s", "");
    static final Metric LOSS = new Metric("loss_percent", "datagrams lost", "%");
    static final Metric RTT = new Metric("rtt_us", "ping mean", "us");
    /** Of the backend or, for QEMU's own NIC, of QEMU; in both cases with QEMU's threads but for the processors'. */
    static final Metric CPU_PER_GB = new Metric("cpu_seconds_per_gb", "backend CPU/GB", "s");

    static final Metric CPU_PER_PACKET = new Metric("cpu_ns_per_packet", "backend CPU/packet", "ns");
    static final Metric KICKS = new Metric("kicks_per_1000", "kicks/1000 packets", "");
    static final Metric CALLS = new Metric("calls_per_1000", "calls/1000 packets", "");
    static final Metric ALLOCATED = new Metric("allocated_bytes_per_packet", "allocated/packet", "B");

    /** The lines of a table. */
    static final List<Metric> SHOWN =
            List.of(GIGABITS, PACKETS, LOSS, RTT, CPU_PER_GB, CPU_PER_PACKET, KICKS, CALLS, ALLOCATED);

    /** Those that are worth a chart of ratios. */
    static final List<Metric> CHARTED = List.of(GIGABITS, PACKETS, RTT, CPU_PER_GB, CPU_PER_PACKET);

    private NetMetrics() {}
}
