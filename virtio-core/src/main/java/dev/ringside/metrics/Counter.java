package dev.ringside.metrics;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A count that only grows. One thread at a time writes it, and hands over to the next by some other synchronisation;
 * any thread reads it and sees a value that was true a moment ago.
 */
public final class Counter {
    private static final VarHandle VALUE;

    static {
        try {
            VALUE = MethodHandles.lookup().findVarHandle(Counter.class, "value", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    @SuppressWarnings("unused") // through VALUE
    private long value;

    /** By the owner. */
    public void increment() {
        add(1);
    }

    /**
     * By the owner.
     *
     * @param more not negative
     */
    public void add(long more) {
        VALUE.setOpaque(this, (long) VALUE.getOpaque(this) + more);
    }

    /** From any thread. */
    public long get() {
        return (long) VALUE.getOpaque(this);
    }
}
