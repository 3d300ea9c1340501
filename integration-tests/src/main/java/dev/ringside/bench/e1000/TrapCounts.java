package dev.ringside.bench.e1000;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.guest.Metrics;
import dev.ringside.bench.guest.Network;
import dev.ringside.bench.guest.Tools;
import dev.ringside.bench.host.Children;

/**
 * What our program has counted so far.
 *
 * @param reads of registers
 * @param writes of registers
 */
record TrapCounts(double reads, double writes, double interrupts, double messages) {
    /** Asks the program. */
    static TrapCounts ask(Tools tools, Children children, Network network) throws BenchException, InterruptedException {
        Metrics metrics = Metrics.ask(tools, children, network, Metrics.PORT);
        return new TrapCounts(
                metrics.sum("ringside_e1000_register_reads"),
                metrics.sum("ringside_e1000_register_writes"),
                metrics.sum("ringside_vfio_user_interrupts"),
                metrics.sum("ringside_vfio_user_messages"));
    }

    TrapCounts minus(TrapCounts before) {
        return new TrapCounts(
                reads - before.reads,
                writes - before.writes,
                interrupts - before.interrupts,
                messages - before.messages);
    }
}
