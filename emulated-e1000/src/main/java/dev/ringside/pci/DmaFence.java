package dev.ringside.pci;

/**
 * Counts the transfers that one engine of a function has started and that have not finished. Used on the function's loop.
 */
public final class DmaFence {
    private final Runnable whenIdle;
    private int outstanding;
    private boolean failed;
    private boolean abandoned;

    /** @param whenIdle runs each time that the last outstanding transfer has finished, unless {@link #abandon}ed */
    public DmaFence(Runnable whenIdle) {
        this.whenIdle = whenIdle;
    }

    /** Whether everything started has finished. */
    public boolean isIdle() {
        return outstanding == 0;
    }

    /** A transfer starts that does not finish at once. For implementations of {@link Dma}. */
    public void begin() {
        outstanding++;
    }

    /** A transfer that began has finished. For implementations of {@link Dma}. */
    public void end() {
        outstanding--;
        if (outstanding == 0 && !abandoned) {
            whenIdle.run();
        }
    }

    /** A transfer has failed, at once or between its beginning and its end. For implementations of {@link Dma}. */
    public void fail() {
        failed = true;
    }

    /** Whether a transfer has failed since the last call. */
    public boolean takeFailure() {
        boolean was = failed;
        failed = false;
        return was;
    }

    /** The engine was reset: what is still outstanding must not touch its memory, nor wake it, any more. */
    public void abandon() {
        abandoned = true;
    }

    public boolean isAbandoned() {
        return abandoned;
    }
}
