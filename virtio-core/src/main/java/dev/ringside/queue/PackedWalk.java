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
    static final int LEN = 8;

    static final int ID = 12;
    static final int FLAGS = 14;

    private static final int ID_SHIFT = (ID - LEN) * Byte.SIZE;
    private static final int FLAGS_SHIFT = (FLAGS - LEN) * Byte.SIZE;
    private static final int U16_MASK = 0xffff;
    private static final long U32_MASK = 0xffff_ffffL;

    PackedWalk(boolean indirectAllowed) {
        super(indirectAllowed);
    }

    /**
     * Fills a chain.
     *
     * @param first entry of the ring
     * @param firstFlags its flags, which have been loaded already
     * @param room entries that the chain can have at most; above 0
     * @param inflight where the chain's descriptors are copied to, {@code null} for nowhere
     * @return what is wrong with the chain, or {@code null}, also if a translation is {@link #missing}; in any case it knows its id and its number of entries
     * @throws RingFault if the chain does not end
     */
    @Nullable
    ChainFault follow(
            MemorySegment ring,
            int size,
            int first,
            int firstFlags,
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
        int flags = firstFlags;
        int entries = 0;
        while (true) {
            long descriptor = (long) index * DESC_BYTES;
            long address = GuestAccess.u64(ring, descriptor);
            long word = GuestAccess.u64(ring, descriptor + LEN);
            if (entries++ > 0) {
                flags = (int) (word >>> FLAGS_SHIFT);
            }
            if (inflight != null) {
                inflight.copy(address, word & U32_MASK, (int) (word >>> ID_SHIFT) & U16_MASK, flags);
            }
            boolean last = (flags & F_NEXT) == 0;
            if (last) {
                // Before anything else is read: whatever comes of it, the chain can be handed back.
                chain.identify((int) (word >>> ID_SHIFT) & U16_MASK, entries);
                if (inflight != null) {
                    chain.record(inflight.taken());
                }
            }
            if ((flags & F_INDIRECT) == 0) {
                entry(chain, address, word & U32_MASK, (flags & F_WRITE) != 0, last);
            } else if (entries == 1 && last) {
                followIndirect(chain, address, word & U32_MASK);
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
            index = index + 1 == size ? 0 : index + 1;
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
            long word = GuestAccess.u64(table, descriptor + LEN);
            boolean writable = ((word >>> FLAGS_SHIFT) & F_WRITE) != 0;
            entry(chain, GuestAccess.u64(table, descriptor), word & U32_MASK, writable, i == tableSize - 1);
        }
    }
}
