package dev.ringside.link;

/** The way in of one queue pair, seen from the NIC. Used on its loop only. */
public interface RxLane {
    /**
     * There is room again in the {@link RxBuffers} after they had none; what waits is handed over, perhaps within this
     * call. Harmless when nothing was refused.
     */
    void roomAgain();

    /**
     * Closes the lane: the buffers are not used any more from here on.
     *
     * @param released runs on the loop, at once or later, when nothing of the lane is left
     */
    void close(Runnable released);
}
