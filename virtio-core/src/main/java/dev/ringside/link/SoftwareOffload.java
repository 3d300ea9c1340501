package dev.ringside.link;

/**
 * Does to a frame what its receiver would have to do and cannot. Headers are rewritten in memory of our own; payload
 * stays where it is. Used by one thread.
 */
final class SoftwareOffload {
    /**
     * Hands a frame on in a form that its receiver accepts: as it is, checksummed, or cut.
     *
     * @param frame with a header that has been checked
     * @param accepts mask of {@link Offload}
     * @return whether that was possible; if not, the frame contradicts its header and nothing has been handed on
     */
    boolean deliver(Frame frame, int accepts, FrameSink sink) {
        int missing = frame.header().needs() & ~accepts;
        if (missing == 0) {
            sink.deliver(frame);
            return true;
        }
        return false;
    }
}
