package dev.ringside.link;

/** The way out of one queue pair. Used on its loop only. */
public interface TxLane {
    /**
     * Sends a frame, or drops and counts it; never waits.
     *
     * @param frame with a header that has been checked ({@link NetHeader#fault}). Still the caller's: neither it nor
     *     the memory that it describes is used after the return
     * @return whether that is done. If not, what is behind the link does not keep up, and the NIC offers the frame again
     *     when it is told that there is room; never so for a lane that was opened without a way to be told
     */
    boolean send(Frame frame);

    /**
     * Ends a burst: what was held back to go out together goes out. A NIC calls this after the last of the frames that
     * it has to send for now.
     */
    void flush();

    /**
     * Closes the lane.
     *
     * @param released runs on the loop, at once or later, when nothing of the lane is left
     */
    void close(Runnable released);
}
