package dev.ringside.bench.e1000;

import dev.ringside.bench.measure.Metric;
import java.util.List;

/** What is measured of an e1000. A packet is a frame of a ping, a datagram, or 1448 bytes of a TCP stream. */
final class E1000Metrics {
    static final Metric RTT = new Metric("rtt_us", "ping mean", "us");
    static final Metric BEST_RTT = new Metric("best_rtt_us", "ping minimum", "us");
    static final Metric GIGABITS = new Metric("gigabits_per_second", "throughput", "Gbit/s");
    static final Metric PACKETS = new Metric("packets_per_second", "packets/s", "");
    static final Metric LOSS = new Metric("loss_percent", "datagrams lost", "%");
    /** Of the backend or, for QEMU's own card, of QEMU; in both cases with QEMU's threads but for the processors'. */
    static final Metric CPU = new Metric("cpu_us_per_packet", "backend CPU/packet", "us");
    /** Accesses that the guest's processor waits for. */
    static final Metric READS = new Metric("reads_per_packet", "registers read/packet", "");

    static final Metric WRITES = new Metric("writes_per_packet", "registers written/packet", "");
    static final Metric INTERRUPTS = new Metric("interrupts_per_packet", "interrupts/packet", "");
    static final Metric MESSAGES = new Metric("messages_per_packet", "messages/packet", "");

    /** The lines of a table. */
    static final List<Metric> SHOWN =
            List.of(RTT, BEST_RTT, GIGABITS, PACKETS, LOSS, CPU, READS, WRITES, INTERRUPTS, MESSAGES);

    /** Those that are worth a chart of ratios. */
    static final List<Metric> CHARTED = List.of(RTT, GIGABITS, PACKETS, CPU);

    private E1000Metrics() {}
}
