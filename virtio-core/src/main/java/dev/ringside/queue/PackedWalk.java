package dev.ringside.queue;

import dev.ringside.fault.ChainFault;
import dev.ringside.fault.RingFault;
import dev.ringside.memory.GuestAccess;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Follows a chain through neighbouring entries of a descriptor ring, or through one indirect table (virtio 1.2 §2.8.6,
 * §2.8.7). The next chain begins where this one ends, and its id stands in its last descriptor: so whatever is wrong with
 * its buffers, the walk goes on to the chain's end. A chain without one leaves nothing to go on with.
 */
final class PackedWalk extends DescriptorWalk {
    /** struct pvirtq_desc: le64 addr, le32 len, le16 id, le16 flags (§2.8.13). */
    static final int FLAGS = 14;

    /** Length, id and flags, which are loaded and stored together: the entry is aligned. */
    static final int WORD = 8;

    private static final int ID_SHIFT = 32;
    private static final int FLAGS_SHIFT = 48;
    private static final int U16_MASK = 0xffff;
    private static final long U32_MASK = 0xffff_ffffL;

    PackedWalk(boolean indirectAllowed) {
        super(indirectAllowed);
    }

    static long word(long length, int id, int flags) {
        return length | (long) id << ID_SHIFT | (long) flags << FLAGS_SHIFT;
    }

    static long length(long word) {
        return word & U32_MASK;
    }

    static int id(long word) {
        return (int) (word >>> ID_SHIFT) & U16_MASK;
    }

    static int flags(long word) {
        return (int) (word >>> FLAGS_SHIFT);
    }

    /**
     * Fills a chain.
     *
     * @param first entry of the ring
     * @param firstWord its length, id and flags, which have been loaded already
     * @param room entries that the chain can have at most; above 0
     * @param inflight where the chain's descriptors are copied to, {@code null} for nowhere
     * @return what is wrong with the chain, or {@code null}, also if a translation is {@link #missing}; in any case it
     *     knows its id and its number of entries
     * @throws RingFault if the chain does not end
     */
    @Nullable
    ChainFault follow(
            MemorySegment ring,
            int size,
            int first,
            long firstWord,
            int room,
            DescriptorChain chain,
            @Nullable PackedInflight inflight)
            throws RingFault {
        chain.begin(0);
        begin();
        if (inflight != null) {
            inflight.begin();
        }
        int index = first;
        long word = firstWord;
        int entries = 1;
        while (true) {
            long address = GuestAccess.u64(ring, (long) index * DESC_BYTES);
            int flags = flags(word);
            if (inflight != null) {
                inflight.copy(address, length(word), id(word), flags);
            }
            boolean last = (flags & F_NEXT) == 0;
            if (last) {
                // Before anything else is read: whatever comes of it, the chain can be handed back.
                chain.identify(id(word), entries);
                if (inflight != null) {
                    chain.record(inflight.taken());
                }
            }
            if ((flags & F_INDIRECT) == 0) {
                entry(chain, address, length(word), (flags & F_WRITE) != 0, last);
            } else if (entries == 1 && last) {
                followIndirect(chain, address, length(word));
            } else {
                fail(new ChainFault(ChainFault.Kind.INDIRECT_WITH_NEXT, "INDIRECT in a chain linked by NEXT"));
            }
            if (last) {
                return fault();
            }
            if (entries == room) {
                throw new RingFault(
                        RingFault.Kind.CHAIN_WITHOUT_END, "no end within the %d entries that are left".formatted(room));
            }
            entries++;
            index = index + 1 == size ? 0 : index + 1;
            word = GuestAccess.u64(ring, (long) index * DESC_BYTES + WORD);
        }
    }

    private void entry(DescriptorChain chain, long address, long length, boolean writable, boolean last) {
        if (buffers == MAX_CHAIN) {
            fail(tooLong());
            return;
        }
        boolean good = buffer(chain, address, length, writable);
        if (last) {
            chain.end(writable && good);
        }
    }

    /** Of the table's descriptors only WRITE means anything; one follows the other (§2.8.7). */
    private void followIndirect(DescriptorChain chain, long address, long length) {
        try {
            if (!enterIndirect(address, length)) {
                return;
            }
        } catch (ChainFault e) {
            fail(e);
            return;
        }
        for (int i = 0; i < tableSize; i++) {
            long descriptor = tableOffset + (long) i * DESC_BYTES;
            long word = GuestAccess.u64(table, descriptor + WORD);
            boolean writable = (flags(word) & F_WRITE) != 0;
            entry(chain, GuestAccess.u64(table, descriptor), length(word), writable, i == tableSize - 1);
        }
    }
}
