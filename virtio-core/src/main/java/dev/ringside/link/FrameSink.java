package dev.ringside.link;

/** Takes frames, wherever they go. */
@FunctionalInterface
interface FrameSink {
    /**
     * Takes a frame or drops it.
     *
     * @param frame neither it nor its memory is used after the return
     */
    void deliver(Frame frame);
}
