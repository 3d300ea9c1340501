package dev.ringside.it.live;

/** A well-behaved guest of a device whose neighbour is not. */
interface Canary extends AutoCloseable {
    /**
     * One piece of I/O.
     *
     * @throws AssertionError if it does not come out as it should, or not at all
     */
    void singOnce() throws Exception;

    @Override
    void close();
}
