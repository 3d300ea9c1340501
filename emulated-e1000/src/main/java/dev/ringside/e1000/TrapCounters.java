package dev.ringside.e1000;

import dev.ringside.metrics.Counter;
import dev.ringside.metrics.Metrics;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * How often a guest has been trapped by accesses to each register: the measure of what emulation costs. Written by the card's
 * loop, read by any thread.
 */
public final class TrapCounters {
    private final Map<Register, Counter> reads = zeroes();
    private final Map<Register, Counter> writes = zeroes();
    private final Counter otherReads = new Counter();
    private final Counter otherWrites = new Counter();

    /** @param labels of the card */
    TrapCounters(Metrics metrics, Map<String, String> labels) {
        announce(metrics, "ringside_e1000_register_reads", "Reads of a register", labels, reads, otherReads);
        announce(metrics, "ringside_e1000_register_writes", "Writes of a register", labels, writes, otherWrites);
    }

    private static void announce(
            Metrics metrics,
            String name,
            String help,
            Map<String, String> labels,
            Map<Register, Counter> counts,
            Counter others) {
        counts.forEach((register, counter) -> metrics.counter(name, help, with(labels, register.name()), counter::get));
        metrics.counter(name, help, with(labels, "other"), others::get);
    }

    private static Map<String, String> with(Map<String, String> labels, String register) {
        Map<String, String> all = new HashMap<>(labels);
        all.put("register", register);
        return all;
    }

    private static Map<Register, Counter> zeroes() {
        Map<Register, Counter> counts = new EnumMap<>(Register.class);
        for (Register register : Register.values()) {
            counts.put(register, new Counter());
        }
        return counts;
    }

    private static Counter of(Map<Register, Counter> counts, Register register) {
        return Objects.requireNonNull(counts.get(register));
    }

    void read(Register register) {
        of(reads, register).increment();
    }

    void written(Register register) {
        of(writes, register).increment();
    }

    void readOther() {
        otherReads.increment();
    }

    void writtenOther() {
        otherWrites.increment();
    }

    /** Reads of a register. */
    public long reads(Register register) {
        return of(reads, register).get();
    }

    /** Writes of a register. */
    public long writes(Register register) {
        return of(writes, register).get();
    }

    /** Reads of addresses where there is no register, and of the I/O window's address. */
    public long otherReads() {
        return otherReads.get();
    }

    /** Writes of addresses where there is no register, and of the I/O window's address. */
    public long otherWrites() {
        return otherWrites.get();
    }
}
