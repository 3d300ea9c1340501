package dev.ringside.queue;

import dev.ringside.fault.ChainFault;
import dev.ringside.memory.GuestAccess;
import java.lang.foreign.MemorySegment;

/**
 * Follows a chain through the split descriptor table and at most one indirect table (virtio 1.2 §2.7.5). A link that is
 * wrong ends the walk: what lies behind it is unknown.
 */
final class SplitWalk extends DescriptorWalk {
    SplitWalk(boolean indirectAllowed) {
        super(indirectAllowed);
    }

    /**
     * Fills a chain. struct virtq_desc: le64 addr, le32 len, le16 flags, le16 next.
     *
     * @return {@code false} if a translation is missing
     */
    boolean follow(MemorySegment descriptorTable, int descriptorTableSize, int head, DescriptorChain chain)
            throws ChainFault {
        chain.begin(head);
        begin();
        table = descriptorTable;
        tableOffset = 0;
        tableSize = descriptorTableSize;
        int index = head;
        int inTable = 0;
        boolean inIndirect = false;
        while (true) {
            if (index >= tableSize) {
                throw new ChainFault(
                        ChainFault.Kind.DESCRIPTOR_OUT_OF_RANGE, "descriptor " + index + " of " + tableSize);
            }
            if (inTable++ == tableSize) {
                throw new ChainFault(ChainFault.Kind.LOOP, "more than the table's " + tableSize + " descriptors");
            }
            if (buffers == MAX_CHAIN) {
                throw tooLong();
            }
            long descriptor = tableOffset + (long) index * DESC_BYTES;
            long address = GuestAccess.u64(table, descriptor);
            long word = GuestAccess.u64(table, descriptor + 8);
            long length = word & 0xffff_ffffL;
            int flags = (int) (word >>> 32) & 0xffff;
            int next = (int) (word >>> 48);

            if ((flags & F_INDIRECT) != 0) {
                checkPlace(flags, inIndirect);
                if (!enterIndirect(address, length)) {
                    return false;
                }
                inTable = 0;
                inIndirect = true;
                index = 0;
                continue;
            }
            boolean writable = (flags & F_WRITE) != 0;
            boolean good = buffer(chain, address, length, writable);
            if ((flags & F_NEXT) == 0) {
                chain.end(writable && good);
                break;
            }
            index = next;
        }
        ChainFault fault = fault();
        if (fault != null) {
            throw fault;
        }
        return missing() == null;
    }

    private static void checkPlace(int flags, boolean inIndirect) throws ChainFault {
        if (inIndirect) {
            throw new ChainFault(ChainFault.Kind.NESTED_INDIRECT, "INDIRECT inside an indirect table");
        }
        if ((flags & F_NEXT) != 0) {
            throw new ChainFault(ChainFault.Kind.INDIRECT_WITH_NEXT, "INDIRECT and NEXT together");
        }
    }
}
