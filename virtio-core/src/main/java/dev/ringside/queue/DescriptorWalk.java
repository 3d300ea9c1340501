package dev.ringside.queue;

import dev.ringside.fault.ChainFault;
import dev.ringside.memory.GuestMemory;
import dev.ringside.memory.Iotlb;
import dev.ringside.memory.MemoryRegion;
import dev.ringside.memory.Misses;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * What following a chain takes in either ring format (virtio 1.2 §2.7.5, §2.8.5 to §2.8.7): each buffer checked and
 * appended, and the way into an indirect table. Every descriptor is read once. A buffer that is wrong in itself does not
 * end a walk, because the device may still be able to write an error status behind it.
 */
abstract sealed class DescriptorWalk permits SplitWalk, PackedWalk {
    /** Of one descriptor in either format. */
    static final int DESC_BYTES = 16;

    static final int F_NEXT = 1;
    static final int F_WRITE = 2;
    static final int F_INDIRECT = 4;

    /**
     * The longest chain that is accepted, and the longest indirect table. Far above what drivers use (block devices
     * announce their limit in seg_max), and a bound on the work that one chain can cause.
     */
    static final int MAX_CHAIN = 1024;

    /** The buffers of one chain together (§2.7.5.2). */
    static final long MAX_BYTES = 1L << 32;

    private final boolean indirectAllowed;
    private GuestMemory memory = GuestMemory.EMPTY;
    /** Where the last buffer was found; most often the next one lies there as well. */
    private @Nullable MemoryRegion recent;
    /** Behind an IOMMU: the translations that the chain being followed has missed. */
    private @Nullable Misses misses;

    /** The indirect table being walked, where it begins in {@link #table}, and its number of descriptors. */
    MemorySegment table = MemorySegment.NULL;

    long tableOffset;
    int tableSize;

    /** A copy of an indirect table that straddles regions, or pages of an IOMMU; made when first needed. */
    private @Nullable MemorySegment straddlingTable;

    /** Of the chain being followed. */
    int buffers;

    private boolean sawWritable;
    private @Nullable ChainFault fault;

    DescriptorWalk(boolean indirectAllowed) {
        this.indirectAllowed = indirectAllowed;
    }

    final void rebind(GuestMemory generation) {
        memory = generation;
        recent = null;
        Iotlb iotlb = generation.iotlb();
        misses = iotlb == null ? null : new Misses(iotlb);
    }

    /** What the last walk missed: the chain cannot be known before it is there. It has been asked for. */
    final Iotlb.@Nullable Miss missing() {
        return misses == null ? null : misses.last();
    }

    final void begin() {
        buffers = 0;
        sawWritable = false;
        fault = null;
        if (misses != null) {
            misses.begin();
        }
    }

    /**
     * Checks a buffer, and appends it if there is nothing wrong with it.
     *
     * @return whether there is nothing wrong with it
     */
    final boolean buffer(DescriptorChain chain, long address, long length, boolean writable) {
        buffers++;
        ChainFault.Kind wrong = append(chain, address, length, writable);
        sawWritable |= writable;
        if (wrong == null) {
            return missing() == null;
        }
        if (fault == null) {
            fault = new ChainFault(wrong, "buffer of %#x bytes at %#x".formatted(length, address));
        }
        return false;
    }

    private ChainFault.@Nullable Kind append(DescriptorChain chain, long address, long length, boolean writable) {
        if (length == 0) {
            return ChainFault.Kind.ZERO_LENGTH;
        }
        if (!writable && sawWritable) {
            return ChainFault.Kind.READABLE_AFTER_WRITABLE;
        }
        if (chain.readableBytes() + chain.writableBytes() + length > MAX_BYTES) {
            return ChainFault.Kind.TOO_LARGE;
        }
        if (misses != null) {
            return translate(misses, chain, address, length, writable);
        }
        MemoryRegion region = recent;
        if (region == null || !region.holds(address, length)) {
            region = memory.atGuestAddress(address);
            if (region == null || !region.holds(address, length)) {
                return chain.append(memory, address, length, writable);
            }
            recent = region;
        }
        return chain.append(region, address, length, writable);
    }

    private ChainFault.@Nullable Kind translate(
            Misses missed, DescriptorChain chain, long address, long length, boolean writable) {
        if (address < 0 || address > Long.MAX_VALUE - length) {
            return ChainFault.Kind.OUTSIDE_MEMORY;
        }
        int access = writable ? Iotlb.WRITE : Iotlb.READ;
        if (missed.last() != null) {
            // The whole chain is going to be walked again.
            missed.lookAhead(address, length, access);
            return null;
        }
        long at = chain.appendTranslated(memory, address, length, writable);
        if (at == DescriptorChain.APPENDED) {
            return null;
        }
        if (at == DescriptorChain.OUTSIDE) {
            return ChainFault.Kind.OUTSIDE_MEMORY;
        }
        if (at == DescriptorChain.TOO_MANY) {
            return ChainFault.Kind.TOO_LONG;
        }
        missed.add(at, length - (at - address), access);
        return null;
    }

    /** Notes what is wrong with the chain, unless something else was wrong before. */
    final void fail(ChainFault wrong) {
        if (fault == null) {
            fault = wrong;
        }
    }

    /** The first thing that was wrong with the chain, or {@code null}. */
    final @Nullable ChainFault fault() {
        return fault;
    }

    static ChainFault tooLong() {
        return new ChainFault(ChainFault.Kind.TOO_LONG, "more than " + MAX_CHAIN + " descriptors");
    }

    /**
     * Checks a descriptor that refers to an indirect table, and makes that the table being walked.
     *
     * @return {@code false} if its translation is missing
     */
    final boolean enterIndirect(long address, long length) throws ChainFault {
        if (!indirectAllowed) {
            throw new ChainFault(ChainFault.Kind.INDIRECT_NOT_NEGOTIATED, "INDIRECT without the feature");
        }
        if (length == 0 || length % DESC_BYTES != 0 || length > (long) MAX_CHAIN * DESC_BYTES) {
            throw new ChainFault(ChainFault.Kind.INDIRECT_LENGTH, "indirect table of " + length + " bytes");
        }
        tableSize = (int) length / DESC_BYTES;
        if (misses != null) {
            return enterTranslated(misses, address, length);
        }
        MemoryRegion region = memory.atGuestAddress(address);
        if (region != null && region.size() - (address - region.guestAddress()) >= length) {
            table = region.memory();
            tableOffset = address - region.guestAddress();
            return true;
        }
        DescriptorChain pieces = new DescriptorChain(0);
        if (pieces.append(memory, address, length, false) != null) {
            throw tableOutside(address, length);
        }
        copyTable(pieces, length);
        return true;
    }

    private boolean enterTranslated(Misses missed, long address, long length) throws ChainFault {
        if (address < 0 || address > Long.MAX_VALUE - length) {
            throw tableOutside(address, length);
        }
        DescriptorChain pieces = new DescriptorChain(0);
        long at = pieces.appendTranslated(memory, address, length, false);
        if (at >= 0) {
            missed.add(at, length - (at - address), Iotlb.READ);
            return false;
        }
        if (at != DescriptorChain.APPENDED) {
            throw tableOutside(address, length);
        }
        if (pieces.segments() == 1) {
            table = pieces.memory(0);
            tableOffset = pieces.offset(0);
        } else {
            copyTable(pieces, length);
        }
        return true;
    }

    private static ChainFault tableOutside(long address, long length) {
        return new ChainFault(
                ChainFault.Kind.OUTSIDE_MEMORY, "indirect table of %#x bytes at %#x".formatted(length, address));
    }

    private void copyTable(DescriptorChain pieces, long length) {
        if (straddlingTable == null) {
            straddlingTable = Arena.ofAuto().allocate((long) MAX_CHAIN * DESC_BYTES, DESC_BYTES);
        }
        pieces.read(0, straddlingTable, 0, length);
        table = straddlingTable;
        tableOffset = 0;
    }
}
