package dev.ringside.queue;

import dev.ringside.fault.ChainFault;
import dev.ringside.fault.RingFault;
import dev.ringside.memory.GuestAccess;
import dev.ringside.memory.GuestMemory;
import dev.ringside.memory.MemoryRegion;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/** The split virtqueue (virtio 1.2 §2.7). */
public final class SplitVirtqueue implements Virtqueue {
    /** struct virtq_avail: le16 flags, le16 idx, le16 ring[size], le16 used_event (§2.7.6). */
    static final int AVAIL_FLAGS = 0;

    static final int AVAIL_IDX = 2;
    static final int AVAIL_RING = 4;
    static final int AVAIL_ELEMENT_BYTES = 2;
    static final int AVAIL_F_NO_INTERRUPT = 1;

    /** struct virtq_used: le16 flags, le16 idx, { le32 id, le32 len } ring[size], le16 avail_event (§2.7.8). */
    static final int USED_FLAGS = 0;

    static final int USED_IDX = 2;
    static final int USED_RING = 4;
    static final int USED_ELEMENT_BYTES = 8;
    static final int USED_F_NO_NOTIFY = 1;

    private static final int DESC_ALIGNMENT = 16;
    private static final int AVAIL_ALIGNMENT = 2;
    private static final int USED_ALIGNMENT = 4;
    private static final int U16_MASK = 0xffff;

    private final int size;
    private final VringAddress address;
    private final boolean eventIdx;
    private final DescriptorWalk walk;

    private MemorySegment desc = MemorySegment.NULL;
    private MemorySegment avail = MemorySegment.NULL;
    private MemorySegment used = MemorySegment.NULL;

    /** The next entry of the avail ring to take; free-running, modulo 2^16 as all ring indices. */
    private int lastAvail;
    /** The driver's avail_idx as last seen. */
    private int availIdx;
    /** The used_idx that the driver sees. */
    private int usedIdx;
    /** Elements in the used ring beyond {@link #usedIdx}. */
    private int pushed;
    /** Nothing was published since the start: whether an earlier device called for earlier elements is unknown. */
    private boolean firstPublish = true;

    /**
     * Sets a queue up over rings that the driver has laid out.
     *
     * @param size number of descriptors
     * @param base the entry of the avail ring to start at, modulo 2^16
     * @param address where the rings lie
     * @param features as negotiated; INDIRECT_DESC and EVENT_IDX matter here
     * @param memory where to find the rings and the buffers
     * @throws RingFault if size, alignment or place of the rings is invalid
     */
    public SplitVirtqueue(int size, int base, VringAddress address, RingFeatures features, GuestMemory memory)
            throws RingFault {
        checkSize(size);
        this.size = size;
        this.address = address;
        this.eventIdx = features.eventIdx();
        this.walk = new DescriptorWalk(features.indirectDesc());
        rebind(memory);
        this.lastAvail = base & U16_MASK;
        this.availIdx = lastAvail;
        this.usedIdx = GuestAccess.u16(used, USED_IDX);
    }

    /**
     * Checks a queue size (§2.7).
     *
     * @throws RingFault if it is zero, no power of two, or above {@link Virtqueue#MAX_SIZE}
     */
    public static void checkSize(int size) throws RingFault {
        if (size <= 0 || size > MAX_SIZE || Integer.bitCount(size) != 1) {
            throw new RingFault(RingFault.Kind.SIZE, "queue size " + Integer.toUnsignedString(size));
        }
    }

    @Override
    public void rebind(GuestMemory memory) throws RingFault {
        desc = part(
                memory, "descriptor table", address.desc(), (long) size * DescriptorWalk.DESC_BYTES, DESC_ALIGNMENT);
        // Both rings end with the event field of the other side, present whether negotiated or not in every layout
        // that drivers use; without EVENT_IDX it is neither needed nor touched.
        int event = eventIdx ? 2 : 0;
        avail = part(
                memory,
                "avail ring",
                address.avail(),
                AVAIL_RING + (long) size * AVAIL_ELEMENT_BYTES + event,
                AVAIL_ALIGNMENT);
        used = part(
                memory,
                "used ring",
                address.used(),
                USED_RING + (long) size * USED_ELEMENT_BYTES + event,
                USED_ALIGNMENT);
        walk.rebind(memory);
    }

    private static MemorySegment part(GuestMemory memory, String name, long address, long bytes, int alignment)
            throws RingFault {
        if (address % alignment != 0) {
            throw new RingFault(RingFault.Kind.MISALIGNED, "%s at %#x".formatted(name, address));
        }
        MemoryRegion region = memory.atUserAddress(address);
        if (region == null || region.size() - (address - region.userAddress()) < bytes) {
            throw new RingFault(RingFault.Kind.OUTSIDE_MEMORY, "%s of %d bytes at %#x".formatted(name, bytes, address));
        }
        MemorySegment part = region.memory().asSlice(address - region.userAddress(), bytes);
        if (part.address() % alignment != 0) {
            throw new RingFault(
                    RingFault.Kind.MISALIGNED, "%s in a region at %#x".formatted(name, region.userAddress()));
        }
        return part;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public int base() {
        return lastAvail;
    }

    @Override
    public boolean isEmpty() throws RingFault {
        return lastAvail == availIdx && !refreshAvailIdx();
    }

    @Override
    public int available() {
        return (availIdx - lastAvail) & U16_MASK;
    }

    @Override
    public boolean poll(DescriptorChain chain) throws ChainFault, RingFault {
        if (isEmpty()) {
            return false;
        }
        int head = GuestAccess.u16(avail, AVAIL_RING + (long) (lastAvail & (size - 1)) * AVAIL_ELEMENT_BYTES);
        if (head >= size) {
            throw new RingFault(RingFault.Kind.HEAD_OUT_OF_RANGE, "head " + head + " in a queue of " + size);
        }
        lastAvail = (lastAvail + 1) & U16_MASK;
        walk.follow(desc, size, head, chain);
        return true;
    }

    @Override
    public void unpoll(DescriptorChain chain) {
        lastAvail = (lastAvail - 1) & U16_MASK;
    }

    /** Reads avail_idx; what the driver wrote before it is visible from here on. */
    private boolean refreshAvailIdx() throws RingFault {
        int idx = GuestAccess.u16Acquire(avail, AVAIL_IDX);
        int ahead = (idx - lastAvail) & U16_MASK;
        if (ahead > size) {
            throw new RingFault(
                    RingFault.Kind.AVAIL_INDEX_JUMP,
                    "avail_idx %d, taken up to %d, queue size %d".formatted(idx, lastAvail, size));
        }
        availIdx = idx;
        return ahead != 0;
    }

    @Override
    public void push(DescriptorChain chain, long written) {
        long element = USED_RING + (long) ((usedIdx + pushed) & (size - 1)) * USED_ELEMENT_BYTES;
        GuestAccess.putU32(used, element, chain.head());
        GuestAccess.putU32(used, element + 4, written);
        pushed++;
    }

    @Override
    public boolean publish() {
        if (pushed == 0) {
            return false;
        }
        int before = usedIdx;
        usedIdx = (usedIdx + pushed) & U16_MASK;
        pushed = 0;
        GuestAccess.putU16Release(used, USED_IDX, usedIdx);
        // The driver stores used_event or flags, then loads used_idx; we store used_idx, then load those. Only full
        // fences on both sides make sure that at least one of the two sees the other's store.
        VarHandle.fullFence();
        if (firstPublish) {
            firstPublish = false;
            return true;
        }
        if (!eventIdx) {
            return (GuestAccess.u16(avail, AVAIL_FLAGS) & AVAIL_F_NO_INTERRUPT) == 0;
        }
        int usedEvent = GuestAccess.u16(avail, AVAIL_RING + (long) size * AVAIL_ELEMENT_BYTES);
        // vring_need_event (§2.7.10): has used_idx passed used_event since it was last published?
        return ((usedIdx - usedEvent - 1) & U16_MASK) < ((usedIdx - before) & U16_MASK);
    }

    @Override
    public void disarmKicks() {
        if (!eventIdx) {
            GuestAccess.putU16(used, USED_FLAGS, USED_F_NO_NOTIFY);
        }
        // With EVENT_IDX, an avail_event that stays behind avail_idx asks for nothing (§2.7.10).
    }

    @Override
    public boolean armKicks() throws RingFault {
        if (eventIdx) {
            GuestAccess.putU16(used, USED_RING + (long) size * USED_ELEMENT_BYTES, lastAvail);
        } else {
            GuestAccess.putU16(used, USED_FLAGS, 0);
        }
        // As in publish, the other way round: our request for a kick before our look at avail_idx.
        VarHandle.fullFence();
        return refreshAvailIdx();
    }
}
