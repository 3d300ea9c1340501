package dev.ringside.link;

import java.util.EnumMap;
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

    /** How many frames from the NIC were dropped for a cause. */
    public long droppedSent(Drop cause) {
        return of(sent, cause).get();
    }

    /** How many frames for the NIC were dropped for a cause. */
    public long droppedReceived(Drop cause) {
        return of(received, cause).get();
    }
}
