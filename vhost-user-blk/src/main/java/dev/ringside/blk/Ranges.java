package dev.ringside.blk;

import dev.ringside.blk.storage.Storage;
import dev.ringside.queue.DescriptorChain;

/**
 * The ranges of a DISCARD or WRITE_ZEROES request, copied out of guest memory once, and how far they have been worked
 * through. Each is a struct virtio_blk_discard_write_zeroes (virtio 1.2 §5.2.6): le64 sector, le32 num_sectors, le32
 * flags.
 */
final class Ranges {
    static final Ranges NONE = new Ranges(0);

    static final int RANGE_BYTES = 16;
    static final int FLAG_UNMAP = 1;

    private final long[] sector;
    private final long[] sectors;
    private final int[] flags;
    private int current;

    private Ranges(int count) {
        sector = new long[count];
        sectors = new long[count];
        flags = new int[count];
    }

    /**
     * Copies ranges.
     *
     * @param position of the first in the chain's readable part, which holds them all
     */
    static Ranges copy(DescriptorChain chain, long position, int count) {
        Ranges ranges = new Ranges(count);
        for (int i = 0; i < count; i++) {
            long at = position + (long) i * RANGE_BYTES;
            long word = chain.readU64(at + 8);
            ranges.sector[i] = chain.readU64(at);
            ranges.sectors[i] = word & 0xffff_ffffL;
            ranges.flags[i] = (int) (word >>> 32);
        }
        return ranges;
    }

    /** Whether each lies within the disk and is no longer than {@code most} sectors. */
    boolean areWithin(long capacity, long most) {
        for (int i = 0; i < sector.length; i++) {
            if (sectors[i] > most || sector[i] < 0 || sector[i] > capacity - sectors[i]) {
                return false;
            }
        }
        return true;
    }

    /** Whether each has only flags of these. */
    boolean haveOnlyFlags(int allowed) {
        for (int flag : flags) {
            if ((flag & ~allowed) != 0) {
                return false;
            }
        }
        return true;
    }

    /** Steps over empty ranges; whether one is left. */
    boolean hasCurrent() {
        while (current < sector.length && sectors[current] == 0) {
            current++;
        }
        return current < sector.length;
    }

    void next() {
        current++;
    }

    /** Of the current range, in bytes. */
    long offset() {
        return sector[current] * Storage.SECTOR_BYTES;
    }

    /** Of the current range. */
    long bytes() {
        return sectors[current] * Storage.SECTOR_BYTES;
    }

    /** Of the current range. */
    boolean mayUnmap() {
        return (flags[current] & FLAG_UNMAP) != 0;
    }

    @Override
    public String toString() {
        return current < sector.length
                ? "%d sectors at %s".formatted(sectors[current], Long.toUnsignedString(sector[current]))
                : sector.length + " ranges";
    }
}
