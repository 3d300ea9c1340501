package dev.ringside.e1000;

/**
 * A pair of timers that put an interrupt off (§3.2.7, §3.4.3): one that each packet starts again, and one that runs from the
 * first packet on, so that a steady stream cannot put it off for ever. One task is scheduled at a time: starting again only
 * moves the deadline that it finds.
 */
final class DelayTimer {
    /** The unit of all four timer registers. */
    private static final long TICK_NANOS = 1024;

    private final Timers timers;
    private final Runnable expired;
    private boolean running;
    private boolean scheduled;
    private long packetDeadline;
    private long absoluteDeadline;
    private boolean absolute;

    /** @param expired the interrupt is due */
    DelayTimer(Timers timers, Runnable expired) {
        this.timers = timers;
        this.expired = expired;
    }

    /**
     * A packet has passed.
     *
     * @param packetTicks until the interrupt, if no other packet follows; at least 1
     * @param absoluteTicks until the interrupt in any case; 0 for no limit
     */
    void start(int packetTicks, int absoluteTicks) {
        long now = timers.nanos();
        packetDeadline = now + packetTicks * TICK_NANOS;
        if (!running) {
            running = true;
            absolute = absoluteTicks != 0;
            absoluteDeadline = now + absoluteTicks * TICK_NANOS;
        }
        if (!scheduled) {
            schedule(now);
        }
    }

    private long deadline() {
        return absolute && absoluteDeadline - packetDeadline < 0 ? absoluteDeadline : packetDeadline;
    }

    private void schedule(long now) {
        scheduled = true;
        timers.after(Math.max(0, deadline() - now), this::wake);
    }

    private void wake() {
        scheduled = false;
        if (!running) {
            return;
        }
        long now = timers.nanos();
        if (deadline() - now > 0) {
            schedule(now);
        } else {
            flush();
        }
    }

    /** The interrupt becomes due at once, if one was put off. */
    void flush() {
        if (running) {
            running = false;
            expired.run();
        }
    }

    /** Nothing is due any more. */
    void cancel() {
        running = false;
    }
}
