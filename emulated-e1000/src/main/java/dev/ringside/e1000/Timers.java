package dev.ringside.e1000;

/** The card's clock. Used on its loop. */
public interface Timers {
    /** Nanoseconds from some point in time. */
    long nanos();

    /**
     * Runs a task on the card's loop, later.
     *
     * @param nanos 0 or more; a little more time may pass
     */
    void after(long nanos, Runnable task);
}
