package dev.ringside.loop;

/**
 * Something that a loop can look at instead of waiting to be told: a virtqueue. It is either active (looked at in every
 * turn, and its driver told not to kick) or armed (a kick makes it active). Used on the loop only.
 */
public interface Pollable {
    /**
     * Does some work, if there is any: a bounded amount, so that others get their turn.
     *
     * @return whether there was any
     */
    boolean poll();

    /** Becomes active if it is not: a kick may have been missed. */
    void wake();

    /**
     * Asks to be told of the next work, because the loop is about to stop looking.
     *
     * @return {@code false} if work came meanwhile, and it stays active
     */
    boolean arm();
}
