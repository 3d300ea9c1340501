package dev.ringside.loop;

/**
 * How long a loop goes on looking for work after it has run out of it, before it sleeps. Sleeping and being woken costs
 * tens of microseconds, so a short look pays when work comes again soon, and is wasted when it does not: the time grows
 * towards its limit while sleeps turn out shorter than the limit, and shrinks to nothing while they are longer. Used by
 * the loop's thread only.
 */
final class PollBudget {
    private static final long FIRST_NANOS = 4_000;

    private final long limitNanos;
    private long nanos;
    private long idleSince;
    private boolean idle;

    /** @param limitNanos the longest that it may get; 0 for never */
    PollBudget(long limitNanos) {
        this.limitNanos = limitNanos;
        this.nanos = Math.min(FIRST_NANOS, limitNanos);
    }

    /** There was work in this turn. */
    void worked() {
        idle = false;
    }

    /** There was none. Whether it is time to sleep. */
    boolean isSpent() {
        if (nanos == 0) {
            return true;
        }
        long now = System.nanoTime();
        if (!idle) {
            idle = true;
            idleSince = now;
            return false;
        }
        return now - idleSince >= nanos;
    }

    /** The loop has slept. */
    void slept(long sleepNanos) {
        idle = false;
        if (limitNanos == 0) {
            return;
        }
        if (sleepNanos <= limitNanos) {
            nanos = Math.clamp(nanos * 2, FIRST_NANOS, limitNanos);
        } else {
            nanos = nanos < FIRST_NANOS ? 0 : nanos / 2;
        }
    }

    boolean isUsed() {
        return limitNanos != 0;
    }
}
