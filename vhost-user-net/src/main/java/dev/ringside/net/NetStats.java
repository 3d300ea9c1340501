package dev.ringside.net;

import dev.ringside.device.QueueStats;
import dev.ringside.metrics.Counter;
import dev.ringside.metrics.Metrics;
import java.util.Map;

/** What is counted of one queue of a network device; kept from one driver to the next. */
final class NetStats {
    final QueueStats queue = new QueueStats();
    private final Counter frames = new Counter();
    private final Counter bytes = new Counter();
    private final Counter gso = new Counter();

    /** @param labels of the device and the queue */
    NetStats(Metrics metrics, Map<String, String> labels) {
        queue.announce(metrics, labels);
        metrics.counter("ringside_net_frames", "Frames that passed between guest and link", labels, frames::get);
        metrics.counter("ringside_net_bytes", "Bytes of these frames", labels, bytes::get);
        metrics.counter("ringside_net_gso_frames", "Those of these frames that were to be cut", labels, gso::get);
    }

    /** A frame has passed. By the loop that owns the queue. */
    void count(int frameBytes, boolean isGso) {
        frames.increment();
        bytes.add(frameBytes);
        if (isGso) {
            gso.increment();
        }
    }

    long frames() {
        return frames.get();
    }

    long bytes() {
        return bytes.get();
    }
}
