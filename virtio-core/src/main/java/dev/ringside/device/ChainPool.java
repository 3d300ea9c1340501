package dev.ringside.device;

import dev.ringside.fault.RingFault;
import dev.ringside.queue.DescriptorChain;
import org.jspecify.annotations.Nullable;

/**
 * A queue's chains, made as they are needed and used again and again: those in flight, which are with the handler, and
 * those that wait. Each has a slot of its own. Used on the queue's loop.
 */
final class ChainPool {
    private final DescriptorChain[] idle;
    /** By slot. */
    private final @Nullable DescriptorChain[] taken;

    private int idleCount;
    private int made;
    private int inFlight;

    /** @param size of the queue: no driver has more chains in flight than it has descriptors */
    ChainPool(int size) {
        idle = new DescriptorChain[size];
        taken = new DescriptorChain[size];
    }

    /** A chain to be filled, in flight from here on. */
    DescriptorChain take() throws RingFault {
        if (inFlight == taken.length) {
            throw new RingFault(
                    RingFault.Kind.TOO_MANY_IN_FLIGHT, inFlight + " chains in flight, and more made available");
        }
        DescriptorChain chain = idleCount > 0 ? idle[--idleCount] : new DescriptorChain(made++);
        inFlight++;
        taken[chain.slot()] = chain;
        return chain;
    }

    boolean isTaken(DescriptorChain chain) {
        return taken[chain.slot()] != null;
    }

    /** A chain that is in flight is so no more, whatever became of it. */
    void recycle(DescriptorChain chain) {
        chain.trim();
        taken[chain.slot()] = null;
        idle[idleCount++] = chain;
        inFlight--;
    }

    int inFlight() {
        return inFlight;
    }

    /** Whether a chain in flight uses one of these I/O virtual addresses. */
    boolean touches(long first, long last) {
        for (int slot = 0; slot < made; slot++) {
            DescriptorChain chain = taken[slot];
            if (chain != null && chain.touches(first, last)) {
                return true;
            }
        }
        return false;
    }
}
