package dev.ringside.it.live;

/** Whoever is on the other side of the first device. */
interface HostilePeer {
    /**
     * Connects, misbehaves for a while, and goes.
     *
     * @return how many times shared memory was rewritten meanwhile
     * @throws AssertionError if the back-end has sent it away, as is its right; anything else is a failure
     */
    long attack() throws Exception;
}
