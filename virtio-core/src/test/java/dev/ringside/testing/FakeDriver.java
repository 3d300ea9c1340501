package dev.ringside.testing;

import dev.ringside.queue.VringAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The driver's side of a virtqueue, whatever the ring format. Used from one thread. */
public interface FakeDriver {
    /**
     * An element of the used ring.
     *
     * @param id of the chain
     * @param written bytes that the device says it wrote
     */
    record Used(int id, long written) {}

    /** Where rings and buffers lie. */
    FakeMemory memory();

    /** The number of descriptors. */
    int size();

    /** Where the rings lie, in user addresses as SET_VRING_ADDR wants them. */
    VringAddress address();

    /** What GET_VRING_BASE returns when the device has taken everything that was published. */
    int base();

    /** Begins a chain. */
    default ChainBuilder chain() {
        return new ChainBuilder(this);
    }

    /**
     * Puts a chain into the ring without showing it to the device.
     *
     * @param direct buffers with descriptors in the ring's own table
     * @param indirect the buffers after those, in an indirect table; empty for none
     * @return the chain's id
     */
    int add(List<Buffer> direct, List<Buffer> indirect);

    /** Shows the device all chains added since the last time. */
    void publish();

    /** Whether the device asked to be kicked for what was published last. */
    boolean wantsKick();

    /** The next element that the device has used, or {@code null}. Its descriptors may be used again. */
    @Nullable
    Used takeUsed();

    /** Asks for a call when the next chain is used. */
    void armCalls();

    /** Asks for no calls. */
    void disarmCalls();
}
