package dev.ringside.device;

import dev.ringside.fault.RingFault;
import dev.ringside.queue.DescriptorChain;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A queue's chains, made as they are needed and used again and again: those in flight, which are with the handler, and
 * those that wait. Each has a slot of its own. Used on the queue's loop.
 */
final class ChainPool {
    /** Those that have been made, by slot; and which of them are in flight. */
    private final @Nullable DescriptorChain[] chains;

    private final boolean[] taken;

    /** Slots of the others. */
    private final int[] idle;

    private int idleCount;
    private int made;
    private int inFlight;

    /** @param size of the queue: no driver has more chains in flight than it has descriptors */
    ChainPool(int size) {
        chains = new DescriptorChain[size];
        taken = new boolean[size];
        idle = new int[size];
    }

    /** A chain to be filled, in flight from here on. */
    DescriptorChain take() throws RingFault {
        if (inFlight == taken.length) {
            throw new RingFault(
                    RingFault.Kind.TOO_MANY_IN_FLIGHT, inFlight + " chains in flight, and more made available");
        }
        inFlight++;
        int slot = idleCount > 0 ? idle[--idleCount] : make();
        taken[slot] = true;
        return chain(slot);
    }

    private int make() {
        chains[made] = new DescriptorChain(made);
        return made++;
    }

    private DescriptorChain chain(int slot) {
        return Objects.requireNonNull(chains[slot]);
    }

    boolean isTaken(DescriptorChain chain) {
        return taken[chain.slot()];
    }

    /** A chain that is in flight is so no more, whatever became of it. */
    void recycle(DescriptorChain chain) {
        chain.trim();
        taken[chain.slot()] = false;
        idle[idleCount++] = chain.slot();
        inFlight--;
    }

    int inFlight() {
        return inFlight;
    }

    /** Whether a chain in flight uses one of these I/O virtual addresses. */
    boolean touches(long first, long last) {
        for (int slot = 0; slot < made; slot++) {
            if (taken[slot] && chain(slot).touches(first, last)) {
                return true;
            }
        }
        return false;
    }
}
