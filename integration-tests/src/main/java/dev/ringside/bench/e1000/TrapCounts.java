package dev.ringside.bench.e1000;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.guest.Network;
import dev.ringside.bench.guest.Tools;
import dev.ringside.bench.host.Children;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * What our program has counted so far.
 *
 * @param reads of registers
 * @param writes of registers
 */
record TrapCounts(double reads, double writes, double interrupts, double messages) {
    /** Within a namespace of its own, where every port is free. */
    static final int PORT = 9100;

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** Asks the program. */
    static TrapCounts ask(Tools tools, Children children, Network network) throws BenchException, InterruptedException {
        List<String> wget =
                List.of(tools.labProgram("busybox"), "wget", "-q", "-O", "-", "http://127.0.0.1:" + PORT + "/metrics");
        return of(children.start("wget", null, network.enter(wget), Map.of()).await(PATIENCE));
    }

    static TrapCounts of(String metrics) {
        return new TrapCounts(
                sum(metrics, "ringside_e1000_register_reads"),
                sum(metrics, "ringside_e1000_register_writes"),
                sum(metrics, "ringside_vfio_user_interrupts"),
                sum(metrics, "ringside_vfio_user_messages"));
    }

    /** Of a metric with all its labels, in the text format of Prometheus. */
    private static double sum(String metrics, String name) {
        return metrics.lines()
                .filter(line -> line.startsWith(name))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    TrapCounts minus(TrapCounts before) {
        return new TrapCounts(
                reads - before.reads,
                writes - before.writes,
                interrupts - before.interrupts,
                messages - before.messages);
    }
}
