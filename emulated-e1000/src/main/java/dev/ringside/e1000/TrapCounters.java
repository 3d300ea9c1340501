package dev.ringside.e1000;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How often a guest has been trapped by accesses to each register: the measure of what emulation costs. Written by the card's
 * loop, read by any thread.
 */
public final class TrapCounters {
    private final Map<Register, AtomicLong> reads = zeroes();
    private final Map<Register, AtomicLong> writes = zeroes();
    private final AtomicLong otherReads = new AtomicLong();
    private final AtomicLong otherWrites = new AtomicLong();

    TrapCounters() {}

    private static Map<Register, AtomicLong> zeroes() {
        Map<Register, AtomicLong> counts = new EnumMap<>(Register.class);
        for (Register register : Register.values()) {
            counts.put(register, new AtomicLong());
        }
        return counts;
    }

    private static AtomicLong of(Map<Register, AtomicLong> counts, Register register) {
        return Objects.requireNonNull(counts.get(register));
    }

    private static void count(AtomicLong counter) {
        // One writer: no locked instruction is needed.
        counter.setRelease(counter.getPlain() + 1);
    }

    void read(Register register) {
        count(of(reads, register));
    }

    void written(Register register) {
        count(of(writes, register));
    }

    void readOther() {
        count(otherReads);
    }

    void writtenOther() {
        count(otherWrites);
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
