package dev.ringside.loop;

/** A descriptor that a loop watches; see {@link DeviceLoop#watch}. Used on the loop only. */
public interface Watch {
    /**
     * Ends the watch: {@code onReady} runs no more.
     *
     * @param released runs on the loop, at once or later, when the kernel no longer needs the descriptor's number; only
     *     then may it be closed, or a later watch could find another file behind the number
     */
    void close(Runnable released);
}
