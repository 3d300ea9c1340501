package dev.ringside.vfiouser;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A range of bus addresses behind which there is guest memory.
 *
 * @param address of the first byte, not negative
 * @param size in bytes, above 0; the end is not beyond {@link Long#MAX_VALUE}
 * @param mapping the memory, if it was shared; otherwise it has to be asked for
 * @param offset of the first byte in {@code mapping}
 */
record DmaMap(
        long address,
        long size,
        boolean readable,
        boolean writable,
        SharedFiles.@Nullable Mapping mapping,
        long offset) {

    /** The memory, or {@code null} if it was not shared. */
    @Nullable
    MemorySegment memory() {
        return mapping == null ? null : mapping.memory();
    }

    /** How many bytes lie between an address within the map and its end. */
    long bytesFrom(long at) {
        return size - (at - address);
    }

    void release() {
        if (mapping != null) {
            mapping.release();
        }
    }
}
