package dev.ringside.fault;

import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.event.Level;

/**
 * A log that a peer can trigger at will, and so may not flood: at most {@value #BURST} lines in each window of ten
 * seconds; the first line of a later window tells how many were left out. Thread-safe.
 */
public final class FaultLog {
    static final int BURST = 10;
    static final long WINDOW_NANOS = 10_000_000_000L;

    private final Logger log;
    private final LongSupplier clock;
    private long windowStart;
    private int inWindow;
    private long suppressed;

    /** @param log where lines go */
    public FaultLog(Logger log) {
        this(log, System::nanoTime);
    }

    FaultLog(Logger log, LongSupplier clock) {
        this.log = log;
        this.clock = clock;
        this.windowStart = clock.getAsLong();
    }

    /**
     * Logs one line at WARN, what a peer or the host did wrong, or counts it as left out.
     *
     * @param who the device, queue or connection concerned
     * @param what what went wrong
     */
    public void warn(String who, String what) {
        log(Level.WARN, who, what);
    }

    /**
     * Logs one line at ERROR, what we did wrong ourselves, or counts it as left out.
     *
     * @param who the device, queue or loop concerned
     * @param what what went wrong
     */
    public void error(String who, String what) {
        log(Level.ERROR, who, what);
    }

    private synchronized void log(Level level, String who, String what) {
        long now = clock.getAsLong();
        if (now - windowStart >= WINDOW_NANOS) {
            windowStart = now;
            inWindow = 0;
        }
        if (inWindow == BURST) {
            suppressed++;
            return;
        }
        inWindow++;
        if (suppressed > 0) {
            log.atLevel(level).log("{}: {} ({} similar lines left out)", who, what, suppressed);
            suppressed = 0;
        } else {
            log.atLevel(level).log("{}: {}", who, what);
        }
    }
}
