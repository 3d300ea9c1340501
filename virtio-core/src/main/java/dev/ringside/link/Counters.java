package dev.ringside.link;

import dev.ringside.metrics.Metrics;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;

/** What a port has dropped, by cause. Counts only grow. Thread-safe; frames that pass are counted by the NIC. */
public final class Counters {
    private final Map<Drop, AtomicLong> sent = zeroes();
    private final Map<Drop, AtomicLong> received = zeroes();

    private static Map<Drop, AtomicLong> zeroes() {
        Map<Drop, AtomicLong> counts = new EnumMap<>(Drop.class);
        for (Drop cause : Drop.values()) {
            counts.put(cause, new AtomicLong());
        }
        return counts;
    }

    private static AtomicLong of(Map<Drop, AtomicLong> counts, Drop cause) {
        return Objects.requireNonNull(counts.get(cause));
    }

    /** A frame that the NIC sent went nowhere. */
    public void dropSent(Drop cause) {
        of(sent, cause).getAndIncrement();
    }

    /** A frame for the NIC did not reach it. */
    public void dropReceived(Drop cause) {
        of(received, cause).getAndIncrement();
    }

    /** All frames from the NIC that were dropped. */
    public long allSent() {
        return sent.values().stream().mapToLong(AtomicLong::get).sum();
    }

    /** All frames for the NIC that were dropped. */
    public long allReceived() {
        return received.values().stream().mapToLong(AtomicLong::get).sum();
    }

    /**
     * Announces these counts.
     *
     * @param labels of the device
     */
    public void announce(Metrics metrics, Map<String, String> labels) {
        announce(metrics, labels, "from-guest", sent);
        announce(metrics, labels, "to-guest", received);
    }

    private static void announce(
            Metrics metrics, Map<String, String> labels, String direction, Map<Drop, AtomicLong> counts) {
        counts.forEach((cause, count) -> {
            Map<String, String> all = new HashMap<>(labels);
            all.put("direction", direction);
            all.put("cause", cause.name().toLowerCase(Locale.ROOT));
            metrics.counter("ringside_net_dropped_frames", "Frames that were dropped", all, count::get);
        });
    }

    /** How many frames from the NIC were dropped for a cause. */
    public long droppedSent(Drop cause) {
        return of(sent, cause).get();
    }

    /** How many frames for the NIC were dropped for a cause. */
    public long droppedReceived(Drop cause) {
        return of(received, cause).get();
    }
}
