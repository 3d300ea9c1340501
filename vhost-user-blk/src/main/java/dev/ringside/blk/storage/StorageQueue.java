package dev.ringside.blk.storage;

/**
 * One queue's use of a storage, on the queue's loop. At most one request is in flight for each slot; every request that
 * was started completes exactly once, perhaps before the call that started it returns.
 */
public interface StorageQueue {
    /** Told of finished requests, on the loop. */
    @FunctionalInterface
    interface Completion {
        /**
         * A request is done as a whole, or has failed.
         *
         * @param slot of the request
         * @param errno 0, or a positive errno value
         */
        void completed(int slot, int errno);
    }

    /** Reads into the transfer's memory. */
    void read(Transfer transfer);

    /**
     * Writes from the transfer's memory.
     *
     * @param durable whether the data must have reached stable storage before the request completes
     */
    void write(Transfer transfer, boolean durable);

    /** Makes every write that has completed by now durable. */
    void flush(int slot);

    /**
     * Gives a range back: its bytes may be anything afterwards.
     *
     * @param offset in bytes
     * @param bytes above 0
     */
    void discard(int slot, long offset, long bytes);

    /** Gives a range back so that it cannot be recovered; parameters as for {@link #discard}. */
    void secureErase(int slot, long offset, long bytes);

    /**
     * Zeroes a range.
     *
     * @param offset in bytes
     * @param bytes above 0
     * @param mayUnmap whether the range may be given back as well
     * @param durable whether the zeroes must have reached stable storage before the request completes
     */
    void writeZeroes(int slot, long offset, long bytes, boolean mayUnmap, boolean durable);

    /** Whether a request is in flight for a slot, and so will complete. */
    boolean isInFlight(int slot);

    /**
     * Begins nothing any more. Requests whose next step has not been begun complete with ECANCELED, now or later; of what
     * they are to do some may have been done, or nothing.
     */
    default void suspend() {}

    /** Ends the use; nothing is in flight. */
    void close();
}
