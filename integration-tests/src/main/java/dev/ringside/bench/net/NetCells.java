package dev.ringside.bench.net;

import dev.ringside.bench.measure.Metric;
import dev.ringside.bench.measure.Target;
import dev.ringside.bench.measure.Target.Bound;
import dev.ringside.bench.net.NetCell.Forward;
import dev.ringside.bench.net.NetCell.OnTap;
import dev.ringside.bench.net.NetCell.Traffic;
import java.util.ArrayList;
import java.util.List;

/** What is measured, and what is to be reached. */
final class NetCells {
    /** What {@code --quick} stands for. */
    static final String QUICK = "tap-tcp-*,forward-64";

    private static final int LARGE_DATAGRAM = 1400;
    private static final int SMALL_DATAGRAM = 18;
    private static final int SMALL_FRAME = 64;
    private static final int LARGE_FRAME = 1500;

    private NetCells() {}

    static List<NetCell> all() {
        List<NetCell> cells = new ArrayList<>();
        for (boolean toGuest : new boolean[] {false, true}) {
            String way = toGuest ? "in" : "out";
            String words = toGuest ? "host to guest over a TAP" : "guest to host over a TAP";
            cells.add(new OnTap("tap-tcp-" + way, "TCP, " + words, Traffic.TCP, 0, toGuest));
            for (int bytes : new int[] {LARGE_DATAGRAM, SMALL_DATAGRAM}) {
                cells.add(new OnTap(
                        "tap-udp-" + bytes + "-" + way,
                        "UDP, " + bytes + " bytes, " + words,
                        Traffic.UDP,
                        bytes,
                        toGuest));
            }
        }
        cells.add(new OnTap("tap-ping", "ping, one at a time, guest to host over a TAP", Traffic.PING, 0, false));
        for (int bytes : new int[] {SMALL_FRAME, LARGE_FRAME}) {
            String title = "frames of " + bytes + " bytes from port to port, both ways";
            cells.add(new Forward("forward-" + bytes, title, bytes, false, false));
            cells.add(new Forward("forward-" + bytes + "-packed", title + ", packed rings", bytes, true, false));
        }
        cells.add(new Forward(
                "forward-64-allocation", "what Java allocates for frames of 64 bytes", SMALL_FRAME, false, true));
        return cells;
    }

    /** What the project wants to reach. */
    static List<Target> targets() {
        return List.of(
                ratio("TCP out: throughput", "tap-tcp-out", NetMetrics.GIGABITS, Bound.AT_LEAST, 1.2),
                ratio("TCP in: throughput", "tap-tcp-in", NetMetrics.GIGABITS, Bound.AT_LEAST, 1.2),
                ratio("TCP out: CPU per GB", "tap-tcp-out", NetMetrics.CPU_PER_GB, Bound.AT_MOST, 1.0),
                ratio("TCP in: CPU per GB", "tap-tcp-in", NetMetrics.CPU_PER_GB, Bound.AT_MOST, 1.0),
                ratio("64-byte frames: packets/s", "forward-64", NetMetrics.PACKETS, Bound.AT_LEAST, 0.9),
                ratio("1500-byte frames: packets/s", "forward-1500", NetMetrics.PACKETS, Bound.AT_LEAST, 0.9),
                ratio("64 bytes, packed: packets/s", "forward-64-packed", NetMetrics.PACKETS, Bound.AT_LEAST, 0.9),
                ratio("1500 bytes, packed: packets/s", "forward-1500-packed", NetMetrics.PACKETS, Bound.AT_LEAST, 0.9),
                new Target(
                        "bytes allocated for a packet",
                        "forward-64-allocation",
                        NetMetrics.ALLOCATED,
                        false,
                        Bound.AT_MOST,
                        50));
    }

    private static Target ratio(String title, String cell, Metric metric, Bound bound, double limit) {
        return new Target(title, cell, metric, true, bound, limit);
    }
}
