package dev.ringside.memory;

import org.jspecify.annotations.Nullable;

/**
 * Where a translation has led: into a region, or to no memory of the guest's. Meant to be filled again and again.
 */
public final class Place {
    private @Nullable MemoryRegion region;
    private long offset;
    private long bytes;

    void set(@Nullable MemoryRegion found, long at, long length) {
        region = found;
        offset = at;
        bytes = length;
    }

    /** The region, {@code null} if the translation leads outside guest memory. */
    public @Nullable MemoryRegion region() {
        return region;
    }

    /** Where in the region, in bytes. */
    public long offset() {
        return offset;
    }

    /** How many bytes from there on lie together; above 0 if there is a region. */
    public long bytes() {
        return bytes;
    }
}
