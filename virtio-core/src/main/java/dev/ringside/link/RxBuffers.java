package dev.ringside.link;

import org.jspecify.annotations.Nullable;

/**
 * Where a NIC takes frames in; implemented by the NIC, called on the lane's loop. A NIC that copies frames by itself
 * (DMA through descriptors that it must look at first) implements {@link #put} only; one that can have frames read
 * straight into guest memory implements the other two as well.
 */
public interface RxBuffers {
    /**
     * Takes a frame by copying it.
     *
     * @param frame needs no more than the lane accepts; neither it nor its memory may be used after the return
     * @return whether there was room. If not, the frame waits or is dropped, and {@link RxLane#roomAgain} has to be
     *     called when there is
     */
    boolean put(Frame frame);

    /**
     * Makes room for the largest frame that may come, for a link that can read straight into it.
     *
     * @return buffers for the frame's bytes, without any header, valid until {@link #commit}, {@link #put} or the next
     *     call; {@link Iovec#NONE} to be handed the next frame by {@link #put} (as a NIC does that cannot or at the
     *     moment does not want to be read into); {@code null} when there is no room at all, and then {@link
     *     RxLane#roomAgain} has to be called when there is
     */
    default @Nullable Iovec prepare() {
        return Iovec.NONE;
    }

    /**
     * A frame has been read into the room that was prepared.
     *
     * @param header of the frame; the caller's
     * @param bytes above 0, and no more than was prepared
     */
    default void commit(NetHeader header, int bytes) {
        throw new IllegalStateException("nothing was prepared");
    }

    /** No more frames for now: the NIC makes visible what it has taken, calls its driver, and so on. */
    default void endOfBurst() {}
}
