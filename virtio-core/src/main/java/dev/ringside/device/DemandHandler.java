package dev.ringside.device;

import dev.ringside.queue.DescriptorChain;

/**
 * A handler that takes chains by {@link QueueContext#take} when it has something to put into them, or a place for what is
 * in them, rather than whenever the driver makes them available.
 */
public interface DemandHandler extends QueueHandler {
    /**
     * Chains may be available that were not before. Called once at the beginning, and whenever that may be so after
     * {@link QueueContext#take} has found none; a bounded amount of work, so that others get their turn.
     *
     * @return whether there was any work
     */
    boolean available();

    /**
     * Gives back by {@link QueueContext#giveBack} every chain that it holds unused. The queue is about to stop, or to
     * move to other memory and then go on with {@link #available}.
     */
    void giveBack();

    /** Chains are completed or given back by the handler itself, also when its work fails. */
    @Override
    default boolean abandon(DescriptorChain chain) {
        return true;
    }

    @Override
    default void handle(DescriptorChain chain) {
        throw new IllegalStateException("chains are taken on demand");
    }
}
