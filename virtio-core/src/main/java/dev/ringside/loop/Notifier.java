package dev.ringside.loop;

/** An eventfd of the other side that a loop signals; see {@link DeviceLoop#notifier}. Used on the loop only. */
public interface Notifier {
    /** Adds 1 to the counter, soon, and never waits for anything. */
    void signal();

    /**
     * Ends the use of the descriptor.
     *
     * @param released runs on the loop, at once or later, when the descriptor may be closed
     */
    void close(Runnable released);
}
