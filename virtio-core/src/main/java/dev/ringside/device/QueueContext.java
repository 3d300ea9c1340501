package dev.ringside.device;

import dev.ringside.loop.DeviceLoop;
import dev.ringside.queue.DescriptorChain;

/** What a {@link QueueHandler} may ask of the queue that it serves, on the queue's loop. */
public interface QueueContext {
    /** The queue's number within its device. */
    int index();

    /** The queue's number of descriptors, and so the most chains that are in flight at once. */
    int size();

    /** The loop that owns the queue. */
    DeviceLoop loop();

    /**
     * Hands a chain back to the driver, at the end of this turn.
     *
     * @param chain no longer the handler's
     * @param written bytes written into its device-writable part, from that part's beginning
     */
    void complete(DescriptorChain chain, long written);
}
