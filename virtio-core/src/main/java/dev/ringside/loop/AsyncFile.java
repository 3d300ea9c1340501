package dev.ringside.loop;

/**
 * Asynchronous I/O on one file of the host, straight into and out of memory given by address. Used on the loop only.
 * Every operation that was started completes exactly once, also when it fails.
 */
public interface AsyncFile {
    /** The most bytes that one operation moves: what Linux allows (MAX_RW_COUNT). */
    int MAX_BYTES = 0x7fff_f000;
    /** The most entries of one iovec array (IOV_MAX). */
    int MAX_IOVEC = 1024;

    /** Told of finished operations. */
    @FunctionalInterface
    interface Completion {
        /**
         * An operation has finished.
         *
         * @param slot as given when it was started
         * @param result bytes moved, perhaps fewer than asked for; or the negative errno
         */
        void completed(int slot, int result);
    }

    /**
     * Reads into one buffer.
     *
     * @param slot 0 to 32767; told back when finished
     * @param address of the buffer, which stays valid until then
     * @param bytes 1 to {@link #MAX_BYTES}
     * @param offset in the file, in bytes
     */
    void read(int slot, long address, int bytes, long offset);

    /**
     * Reads into several buffers.
     *
     * @param slot 0 to 32767; told back when finished
     * @param iovec address of {@code count} struct iovec, which stay valid until then, as their buffers do
     * @param count 1 to {@link #MAX_IOVEC}
     * @param offset in the file, in bytes
     */
    void readv(int slot, long iovec, int count, long offset);

    /**
     * Writes from one buffer; other parameters as for {@link #read}.
     *
     * @param durable whether the data has reached stable storage when the operation completes (RWF_DSYNC)
     */
    void write(int slot, long address, int bytes, long offset, boolean durable);

    /**
     * Writes from several buffers; other parameters as for {@link #readv}.
     *
     * @param durable whether the data has reached stable storage when the operation completes (RWF_DSYNC)
     */
    void writev(int slot, long iovec, int count, long offset, boolean durable);

    /**
     * Changes the allocation of a range (fallocate).
     *
     * @param slot 0 to 32767; told back when finished, with result 0
     * @param mode FALLOC_FL_ flags, see {@link dev.ringside.linux.HostFile}
     * @param offset in the file, in bytes
     * @param bytes above 0
     */
    void fallocate(int slot, int mode, long offset, long bytes);

    /**
     * Gives a range of a block device back.
     *
     * @param slot 0 to 32767; told back when finished, with result 0
     * @param offset in the device, in bytes; a multiple of its logical block size, as is {@code bytes}
     * @param bytes above 0
     */
    void discard(int slot, long offset, long bytes);

    /** The same, after which the bytes cannot be recovered from the device either. */
    void secureErase(int slot, long offset, long bytes);

    /** Makes every write that has completed by now durable, with its size (fdatasync). */
    void fdatasync(int slot);

    /**
     * Ends the use of the file when its operations have finished.
     *
     * @param released runs on the loop, at once or later, when the descriptor may be closed
     */
    void close(Runnable released);
}
