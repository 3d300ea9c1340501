package dev.ringside.device;

import dev.ringside.queue.DescriptorChain;

/** The device's work on one queue; every method runs on the loop that owns the queue. */
public interface QueueHandler {
    /**
     * Takes a chain. It stays the handler's until {@link QueueContext#complete}, in this call or later; but not if this
     * throws, as it does when the chain's memory is gone: nothing may have been begun then that still needs the chain.
     *
     * @param chain well-formed; what its bytes say is still unchecked
     */
    void handle(DescriptorChain chain);

    /**
     * Completes a chain that broke the rules of the ring, with an error status if the device has one and the chain a
     * place for it.
     *
     * @param chain only its head and what {@link DescriptorChain#endsWritable} says can be relied on
     */
    void reject(DescriptorChain chain);

    /**
     * {@link #handle} failed unexpectedly: gives a chain up.
     *
     * @return {@code false} if work on it is on its way, which will complete it
     */
    boolean abandon(DescriptorChain chain);

    /**
     * The queue is about to stop, and what is in flight is recorded for whoever serves it next: begins nothing any more, and
     * leaves chains ({@link QueueContext#leave}) rather than complete them, now or later, where that is sooner done.
     */
    default void suspend() {}

    /** The queue is stopped and every chain completed or left: gives up what {@link VirtioDevice#start} acquired. */
    void close();
}
