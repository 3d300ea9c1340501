package dev.ringside.device;

import dev.ringside.metrics.Counter;
import dev.ringside.metrics.Metrics;
import java.util.Map;

/** What is counted of every queue, whatever its device; kept from one driver to the next. */
public final class QueueStats {
    final Counter kicks = new Counter();
    final Counter calls = new Counter();
    final Counter chains = new Counter();
    final Counter rejected = new Counter();
    final Counter batches = new Counter();
    final Counter ringFaults = new Counter();

    /**
     * Announces these counts.
     *
     * @param labels of the device and the queue
     */
    public void announce(Metrics metrics, Map<String, String> labels) {
        metrics.counter("ringside_queue_kicks", "Kicks received", labels, kicks::get);
        metrics.counter("ringside_queue_calls", "Calls made", labels, calls::get);
        metrics.counter("ringside_queue_chains", "Descriptor chains taken", labels, chains::get);
        metrics.counter("ringside_queue_rejected_chains", "Malformed chains", labels, rejected::get);
        metrics.counter("ringside_queue_batches", "Times that used_idx was published", labels, batches::get);
        metrics.counter(
                "ringside_queue_ring_faults", "Times that a malformed ring was stopped", labels, ringFaults::get);
    }

    /** Kicks received so far. */
    public long kicks() {
        return kicks.get();
    }

    /** Calls made so far. */
    public long calls() {
        return calls.get();
    }

    /** Descriptor chains taken so far. */
    public long chains() {
        return chains.get();
    }
}
