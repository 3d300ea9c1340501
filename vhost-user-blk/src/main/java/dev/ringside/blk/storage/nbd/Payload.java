package dev.ringside.blk.storage.nbd;

import java.lang.foreign.MemorySegment;

/** Where the data of a command is. Positions count from the beginning of the request that the command is part of. */
interface Payload {
    /**
     * Copies data that is to be written.
     *
     * @param to where to, from {@code toOffset} on
     * @throws InternalError if the guest's memory is gone, as its front-end has cut the file
     */
    void read(long position, MemorySegment to, long toOffset, long bytes);

    /**
     * Stores data that has been read; parameters and errors as for {@link #read}.
     *
     * @param from where from, from {@code fromOffset} on
     */
    void write(long position, MemorySegment from, long fromOffset, long bytes);
}
