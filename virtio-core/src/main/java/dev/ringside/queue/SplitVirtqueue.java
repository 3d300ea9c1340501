package dev.ringside.queue;

import dev.ringside.fault.ChainFault;
import dev.ringside.fault.RingFault;
import dev.ringside.memory.DirtyLog;
import dev.ringside.memory.GuestAccess;
import dev.ringside.memory.GuestMemory;
import dev.ringside.memory.Iotlb;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.List;
import org.jspecify.annotations.Nullable;

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

    private static final long UNTRANSLATED = -1;

    private final int size;
    private final List<RingPart> parts;
    private final boolean eventIdx;
    private final SplitWalk walk;
    private final @Nullable SplitInflight inflight;
    /** Heads that an earlier device has taken and not given back, to be given out again first. */
    private int[] resubmitted = {};

    private int nextResubmitted;

    private MemorySegment desc = MemorySegment.NULL;
    private MemorySegment avail = MemorySegment.NULL;
    private MemorySegment used = MemorySegment.NULL;

    /** Where writes to the used ring are marked, and the guest-physical address that the ring has there. */
    private @Nullable DirtyLog usedLog;

    private long usedLogAddress;
    /** Of the used ring behind an IOMMU. */
    private long usedGuestAddress = UNTRANSLATED;

    /** The next entry of the avail ring to take; free-running, modulo 2^16 as all ring indices. */
    private int lastAvail;
    /** The driver's avail_idx as last seen. */
    private int availIdx;
    /** The used_idx that the driver sees. */
    private int usedIdx;
    /** Chains that are used, but not shown. */
    private int pushed;
    /**
     * Their used elements, as they are laid out in the ring. They are written there in one go, because the driver's
     * processor has its cache lines: one after the other, every store would wait for its line.
     */
    private final long[] pushedElements;

    /** Chains taken that the driver does not know to be used: it can have no more of them than there are descriptors. */
    private int outstanding;
    /** Something was published before the start, and perhaps nobody was called for it. */
    private final boolean publishedBefore;
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
        this(size, base, address, features, memory, null);
    }

    /**
     * The same for a queue whose requests in flight are recorded where another process finds them.
     *
     * @param base does not matter if the record says where an earlier device has come to
     * @param inflight {@link #inflightBytes} from the front-end; {@code null} for no record
     */
    public SplitVirtqueue(
            int size,
            int base,
            VringAddress address,
            RingFeatures features,
            GuestMemory memory,
            @Nullable MemorySegment inflight)
            throws RingFault {
        checkSize(size);
        this.size = size;
        this.pushedElements = new long[size];
        this.eventIdx = features.eventIdx();
        this.parts = parts(size, address, eventIdx);
        this.walk = new SplitWalk(features.indirectDesc());
        rebind(memory);
        this.lastAvail = base & U16_MASK;
        this.availIdx = lastAvail;
        this.usedIdx = GuestAccess.u16(used, USED_IDX);
        this.publishedBefore = usedIdx != 0;
        this.inflight = inflight == null ? null : SplitInflight.attach(inflight, size, usedIdx);
        if (this.inflight != null && !this.inflight.isNew()) {
            resubmitted = this.inflight.recover(usedIdx);
            lastAvail = (usedIdx + resubmitted.length) & U16_MASK;
            availIdx = lastAvail;
        }
    }

    private static List<RingPart> parts(int size, VringAddress address, boolean eventIdx) {
        // Both rings end with the event field of the other side, present whether negotiated or not in every layout
        // that drivers use; without EVENT_IDX it is neither needed nor touched.
        int event = eventIdx ? 2 : 0;
        return List.of(
                new RingPart(
                        "descriptor table",
                        address.desc(),
                        (long) size * DescriptorWalk.DESC_BYTES,
                        DESC_ALIGNMENT,
                        Iotlb.READ),
                new RingPart(
                        "avail ring",
                        address.avail(),
                        AVAIL_RING + (long) size * AVAIL_ELEMENT_BYTES + event,
                        AVAIL_ALIGNMENT,
                        Iotlb.READ),
                new RingPart(
                        "used ring",
                        address.used(),
                        USED_RING + (long) size * USED_ELEMENT_BYTES + event,
                        USED_ALIGNMENT,
                        Iotlb.READ_WRITE));
    }

    /** As {@link #missing(GuestMemory)}, of a queue that is still to be made. */
    public static Iotlb.@Nullable Miss missing(
            int size, VringAddress address, RingFeatures features, GuestMemory memory) {
        return RingPart.missing(parts(size, address, features.eventIdx()), memory);
    }

    @Override
    public Iotlb.@Nullable Miss missing(GuestMemory memory) {
        return RingPart.missing(parts, memory);
    }

    @Override
    public Iotlb.@Nullable Miss missing() {
        return walk.missing();
    }

    @Override
    public boolean touches(long first, long last) {
        return parts.stream().anyMatch(part -> part.touches(first, last));
    }

    /** Bytes that the record of one queue's requests in flight takes. */
    public static long inflightBytes(int size) {
        return SplitInflight.bytes(size);
    }

    /** From one queue's record to the next, in bytes. */
    public static long inflightStride(int size) {
        return SplitInflight.stride(size);
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
        desc = parts.get(0).find(memory);
        avail = parts.get(1).find(memory);
        used = parts.get(2).find(memory);
        usedGuestAddress = memory.iotlb() == null ? UNTRANSLATED : parts.get(2).guestAddress(memory);
        walk.rebind(memory);
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
        return lastAvail == availIdx && resubmissions() == 0 && !refreshAvailIdx();
    }

    @Override
    public int resubmissions() {
        return resubmitted.length - nextResubmitted;
    }

    @Override
    public boolean mayOweCall() {
        return publishedBefore;
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
        if (outstanding == size) {
            throw new RingFault(
                    RingFault.Kind.TOO_MANY_IN_FLIGHT, "all " + size + " chains in flight, and more made available");
        }
        boolean again = resubmissions() > 0;
        int head = again ? resubmitted[nextResubmitted++] : takeHead();
        outstanding++;
        if (walk.follow(desc, size, head, chain)) {
            return true;
        }
        untake(head, again);
        return false;
    }

    private void untake(int head, boolean again) {
        outstanding--;
        if (again) {
            nextResubmitted--;
            return;
        }
        lastAvail = (lastAvail - 1) & U16_MASK;
        if (inflight != null) {
            inflight.untaken(head);
        }
    }

    private int takeHead() throws RingFault {
        int head = GuestAccess.u16(avail, AVAIL_RING + (long) (lastAvail & (size - 1)) * AVAIL_ELEMENT_BYTES);
        if (head >= size) {
            throw new RingFault(RingFault.Kind.HEAD_OUT_OF_RANGE, "head " + head + " in a queue of " + size);
        }
        lastAvail = (lastAvail + 1) & U16_MASK;
        if (inflight != null) {
            inflight.taken(head);
        }
        return head;
    }

    @Override
    public void unpoll(DescriptorChain chain) {
        if (inflight != null) {
            throw new IllegalStateException("a chain that is recorded as in flight has to be completed");
        }
        lastAvail = (lastAvail - 1) & U16_MASK;
        outstanding--;
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
        pushedElements[pushed++] = chain.head() | written << Integer.SIZE;
        if (inflight != null) {
            inflight.pushed(chain.head());
        }
    }

    @Override
    public boolean publish() {
        if (pushed == 0) {
            return false;
        }
        int before = usedIdx;
        int count = pushed;
        for (int i = 0; i < count; i++) {
            long element = USED_RING + (long) ((before + i) & (size - 1)) * USED_ELEMENT_BYTES;
            GuestAccess.putU64(used, element, pushedElements[i]);
        }
        usedIdx = (usedIdx + count) & U16_MASK;
        pushed = 0;
        outstanding -= count;
        GuestAccess.putU16Release(used, USED_IDX, usedIdx);
        // The driver stores used_event or flags, then loads used_idx; we store used_idx, then load those. Only full
        // fences on both sides make sure that at least one of the two sees the other's store.
        VarHandle.fullFence();
        if (inflight != null) {
            inflight.published(usedIdx);
        }
        if (usedLog != null) {
            markElements(usedLog, before, count);
            mark(USED_IDX);
        }
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
    public void logUsed(@Nullable DirtyLog log, long address) {
        usedLog = log;
        usedLogAddress = usedGuestAddress == UNTRANSLATED ? address : usedGuestAddress;
        if (log != null) {
            // An earlier device may have died between writing and marking.
            log.mark(usedLogAddress, used.byteSize());
        }
    }

    /** Marks a 16-bit field of the used ring as written. */
    private void mark(long field) {
        if (usedLog != null) {
            usedLog.mark(usedLogAddress + field, Short.BYTES);
        }
    }

    private void markElements(DirtyLog log, int first, int count) {
        int from = first & (size - 1);
        int untilEnd = Math.min(count, size - from);
        log.mark(usedLogAddress + USED_RING + (long) from * USED_ELEMENT_BYTES, (long) untilEnd * USED_ELEMENT_BYTES);
        log.mark(usedLogAddress + USED_RING, (long) (count - untilEnd) * USED_ELEMENT_BYTES);
    }

    @Override
    public void disarmKicks() {
        if (!eventIdx) {
            GuestAccess.putU16(used, USED_FLAGS, USED_F_NO_NOTIFY);
            mark(USED_FLAGS);
        }
        // With EVENT_IDX, an avail_event that stays behind avail_idx asks for nothing (§2.7.10).
    }

    @Override
    public boolean armKicks() throws RingFault {
        if (eventIdx) {
            long availEvent = USED_RING + (long) size * USED_ELEMENT_BYTES;
            GuestAccess.putU16(used, availEvent, lastAvail);
            mark(availEvent);
        } else {
            GuestAccess.putU16(used, USED_FLAGS, 0);
            mark(USED_FLAGS);
        }
        // As in publish, the other way round: our request for a kick before our look at avail_idx.
        VarHandle.fullFence();
        return refreshAvailIdx() || resubmissions() > 0;
    }
}
