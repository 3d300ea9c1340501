package dev.ringside.device;

import dev.ringside.loop.DeviceLoop;
import dev.ringside.queue.DescriptorChain;

/** What a {@link QueueHandler} may ask of the queue that it serves, on the queue's loop. */
public interface QueueContext {
    /** The queue's number within its device. */
    int index();

    /** The queue's number of descriptors, and so the most chains that are in flight at once. */
    int size();

    /** Whether the front-end has enabled the queue; always so unless {@link VirtioDevice#runsDisabled}. */
    boolean isEnabled();

    /** The loop that owns the queue. */
    DeviceLoop loop();

    /**
     * Hands a chain back to the driver, at the end of this turn.
     *
     * @param chain no longer the handler's
     * @param written bytes written into its device-writable part, from that part's beginning
     */
    void complete(DescriptorChain chain, long written);

    /**
     * Leaves a chain in flight when the queue stops: whoever serves it next takes it again. Only after {@link
     * QueueHandler#suspend}.
     *
     * @param chain no longer the handler's; nothing is on its way that could still touch its memory, or have an effect
     */
    void leave(DescriptorChain chain);

    /**
     * Takes the next chains, for a {@link DemandHandler}. When there is none, {@link DemandHandler#available} is called
     * when there may be.
     *
     * @param to filled from the beginning with chains that are the handler's until they are completed or given back
     * @return how many were taken; 0 if there is none, or the queue is about to stop
     */
    int take(DescriptorChain[] to);

    /**
     * Gives a chain back unused, for a {@link DemandHandler}: it is available again.
     *
     * @param chain the last one that was taken, apart from those given back since; no longer the handler's
     */
    void giveBack(DescriptorChain chain);

    /** Has {@link DemandHandler#available} called soon, after the loop's other work. */
    void lookAgain();

    /**
     * The memory behind a chain is gone: the queue is broken. For work on chains that is not done within {@link
     * QueueHandler#handle}, where this is noticed anyway.
     */
    void memoryGone(InternalError cause);
}
