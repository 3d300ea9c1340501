package dev.ringside.queue;

import dev.ringside.fault.ChainFault;
import dev.ringside.memory.GuestAccess;
import dev.ringside.memory.GuestMemory;
import dev.ringside.memory.MemoryRegion;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Follows a chain through the split descriptor table and at most one indirect table (virtio 1.2 §2.7.5), reading each
 * descriptor once. A buffer that is wrong in itself does not end the walk, because the device may still be able to
 * write an error status behind it; a link that is wrong does.
 */
final class DescriptorWalk {
    /** struct virtq_desc: le64 addr, le32 len, le16 flags, le16 next. */
    static final int DESC_BYTES = 16;

    static final int F_NEXT = 1;
    static final int F_WRITE = 2;
    static final int F_INDIRECT = 4;

    /**
     * The longest chain that is accepted, and the longest indirect table. Far above what drivers use (block devices
     * announce their limit in seg_max), and a bound on the work that one head can cause.
     */
    static final int MAX_CHAIN = 1024;

    /** The buffers of one chain together (§2.7.5.2). */
    static final long MAX_BYTES = 1L << 32;

    private final boolean indirectAllowed;
    private GuestMemory memory = GuestMemory.EMPTY;

    /** The table being walked, where it begins in {@link #table}, and its number of descriptors. */
    private MemorySegment table = MemorySegment.NULL;

    private long tableOffset;
    private int tableSize;

    /** A copy of an indirect table that straddles regions; made when first needed. */
    private @Nullable MemorySegment straddlingTable;

    DescriptorWalk(boolean indirectAllowed) {
        this.indirectAllowed = indirectAllowed;
    }

    void rebind(GuestMemory memory) {
        this.memory = memory;
    }

    void follow(MemorySegment descriptorTable, int descriptorTableSize, int head, DescriptorChain chain)
            throws ChainFault {
        chain.begin(head);
        table = descriptorTable;
        tableOffset = 0;
        tableSize = descriptorTableSize;
        int index = head;
        int inTable = 0;
        boolean inIndirect = false;
        boolean sawWritable = false;
        ChainFault fault = null;
        int buffers = 0;
        while (true) {
            if (index >= tableSize) {
                throw new ChainFault(
                        ChainFault.Kind.DESCRIPTOR_OUT_OF_RANGE, "descriptor " + index + " of " + tableSize);
            }
            if (inTable++ == tableSize) {
                throw new ChainFault(ChainFault.Kind.LOOP, "more than the table's " + tableSize + " descriptors");
            }
            if (buffers == MAX_CHAIN) {
                throw new ChainFault(ChainFault.Kind.TOO_LONG, "more than " + MAX_CHAIN + " descriptors");
            }
            long descriptor = tableOffset + (long) index * DESC_BYTES;
            long address = GuestAccess.u64(table, descriptor);
            long word = GuestAccess.u64(table, descriptor + 8);
            long length = word & 0xffff_ffffL;
            int flags = (int) (word >>> 32) & 0xffff;
            int next = (int) (word >>> 48);

            if ((flags & F_INDIRECT) != 0) {
                checkIndirect(flags, length, inIndirect);
                enterIndirect(address, length);
                inTable = 0;
                inIndirect = true;
                index = 0;
                continue;
            }
            buffers++;
            boolean writable = (flags & F_WRITE) != 0;
            ChainFault.Kind wrong = append(chain, address, length, writable, sawWritable);
            sawWritable |= writable;
            if (wrong != null && fault == null) {
                fault = new ChainFault(wrong, "buffer of %#x bytes at %#x".formatted(length, address));
            }
            if ((flags & F_NEXT) == 0) {
                chain.end(writable && wrong == null);
                break;
            }
            index = next;
        }
        if (fault != null) {
            throw fault;
        }
    }

    private ChainFault.@Nullable Kind append(
            DescriptorChain chain, long address, long length, boolean writable, boolean sawWritable) {
        if (length == 0) {
            return ChainFault.Kind.ZERO_LENGTH;
        }
        if (!writable && sawWritable) {
            return ChainFault.Kind.READABLE_AFTER_WRITABLE;
        }
        if (chain.readableBytes() + chain.writableBytes() + length > MAX_BYTES) {
            return ChainFault.Kind.TOO_LARGE;
        }
        return chain.append(memory, address, length, writable);
    }

    private void checkIndirect(int flags, long length, boolean inIndirect) throws ChainFault {
        if (!indirectAllowed) {
            throw new ChainFault(ChainFault.Kind.INDIRECT_NOT_NEGOTIATED, "INDIRECT without the feature");
        }
        if (inIndirect) {
            throw new ChainFault(ChainFault.Kind.NESTED_INDIRECT, "INDIRECT inside an indirect table");
        }
        if ((flags & F_NEXT) != 0) {
            throw new ChainFault(ChainFault.Kind.INDIRECT_WITH_NEXT, "INDIRECT and NEXT together");
        }
        if (length == 0 || length % DESC_BYTES != 0 || length > (long) MAX_CHAIN * DESC_BYTES) {
            throw new ChainFault(ChainFault.Kind.INDIRECT_LENGTH, "indirect table of " + length + " bytes");
        }
    }

    private void enterIndirect(long address, long length) throws ChainFault {
        tableSize = (int) length / DESC_BYTES;
        MemoryRegion region = memory.atGuestAddress(address);
        if (region != null && region.size() - (address - region.guestAddress()) >= length) {
            table = region.memory();
            tableOffset = address - region.guestAddress();
            return;
        }
        DescriptorChain pieces = new DescriptorChain(0);
        if (pieces.append(memory, address, length, false) != null) {
            throw new ChainFault(
                    ChainFault.Kind.OUTSIDE_MEMORY, "indirect table of %#x bytes at %#x".formatted(length, address));
        }
        if (straddlingTable == null) {
            straddlingTable = Arena.ofAuto().allocate((long) MAX_CHAIN * DESC_BYTES, DESC_BYTES);
        }
        pieces.read(0, straddlingTable, 0, length);
        table = straddlingTable;
        tableOffset = 0;
    }
}
