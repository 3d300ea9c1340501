package dev.ringside.loop;

/** A descriptor that a loop watches; see {@link DeviceLoop#watch}. Used on the loop only. */
public interface Watch {
    /**
     * Has {@code onReady} run once more when there is room to write, for one who has just been told that writing would
     * block. Asking again meanwhile changes nothing.
     */
    void awaitRoom();

    /**
     * Whether the other side is going to send no more, as far as {@code onReady} has been told. Until then, a read that
     * brings less than was asked for has emptied the socket, and {@code onReady} tells when there is more.
     */
    boolean hasHungUp();

    /**
     * Ends the watch: {@code onReady} runs no more.
     *
     * @param released runs on the loop, at once or later, when the kernel no longer needs the descriptor's number; only
     *     then may it be closed, or a later watch could find another file behind the number
     */
    void close(Runnable released);
}
