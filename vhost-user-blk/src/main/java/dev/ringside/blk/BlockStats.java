package dev.ringside.blk;

import dev.ringside.device.QueueStats;
import dev.ringside.metrics.Counter;
import dev.ringside.metrics.LatencyHistogram;
import dev.ringside.metrics.Metrics;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/** What is counted of one queue of a block device; kept from one driver to the next. */
final class BlockStats {
    final QueueStats queue = new QueueStats();
    final Counter readBytes = new Counter();
    final Counter writtenBytes = new Counter();
    final LatencyHistogram latency = new LatencyHistogram();
    /** Whether anybody looks at {@link #latency}, which costs two looks at the clock for each request. */
    final boolean timed;

    private final Map<BlockRequest.Type, Counter> requests = new EnumMap<>(BlockRequest.Type.class);
    private final Map<BlockRequest.Type, Counter> errors = new EnumMap<>(BlockRequest.Type.class);

    /** @param labels of the device and the queue */
    BlockStats(Metrics metrics, Map<String, String> labels) {
        timed = metrics.isWatched();
        queue.announce(metrics, labels);
        metrics.counter("ringside_blk_read_bytes", "Bytes read by guests", labels, readBytes::get);
        metrics.counter("ringside_blk_written_bytes", "Bytes written by guests", labels, writtenBytes::get);
        metrics.histogram("ringside_blk_request_seconds", "From taking a request to completing it", labels, latency);
        for (BlockRequest.Type type : BlockRequest.Type.values()) {
            requests.put(type, new Counter());
            errors.put(type, new Counter());
            Map<String, String> typed = new HashMap<>(labels);
            typed.put("type", type.name());
            metrics.counter("ringside_blk_requests", "Requests completed", typed, requests(type)::get);
            metrics.counter("ringside_blk_errors", "Requests that the host failed", typed, errors(type)::get);
        }
    }

    Counter requests(BlockRequest.Type type) {
        return Objects.requireNonNull(requests.get(type));
    }

    Counter errors(BlockRequest.Type type) {
        return Objects.requireNonNull(errors.get(type));
    }

    long allRequests() {
        return requests.values().stream().mapToLong(Counter::get).sum();
    }

    long allErrors() {
        return errors.values().stream().mapToLong(Counter::get).sum();
    }
}
