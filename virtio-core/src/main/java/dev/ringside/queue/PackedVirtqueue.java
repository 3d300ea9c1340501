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
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The packed virtqueue (virtio 1.2 §2.8). One ring holds what the driver makes available and, over it, what the device
 * has used; whose an entry is, its flags say, together with the lap that each side is on.
 *
 * <pre>
 *          used          avail
 *           v              v
 *   | ... u | . . x . . x . | A A a a ... |     x: chains in flight     A: available
 *           '-- inFlight ---'
 * </pre>
 *
 * <p>A chain takes as many entries as it has descriptors. The one used descriptor that answers it is written wherever
 * the last one ended, and as many entries are skipped.
 */
public final class PackedVirtqueue implements Virtqueue {
    /** Flags of a descriptor, beside those that it shares with the split one (§2.8.1). */
    static final int F_AVAIL = 1 << 7;

    static final int F_USED = 1 << 15;

    /** struct pvirtq_event_suppress: le16 off_wrap, le16 flags; always loaded and stored whole (§2.8.14). */
    static final int EVENT_BYTES = 4;

    static final int EVENT_FLAGS_SHIFT = 16;
    static final int EVENT_FLAGS_MASK = 3;
    static final int EVENT_ENABLE = 0;
    static final int EVENT_DISABLE = 1;
    static final int EVENT_DESC = 2;

    /** A place in the ring: its index and, above that, the lap's wrap counter. */
    private static final int WRAP_SHIFT = 15;

    private static final int INDEX_MASK = (1 << WRAP_SHIFT) - 1;
    private static final int USED_SHIFT = 16;

    /** The ring's beginning, in the first lap. */
    private static final int INITIAL_PLACE = 1 << WRAP_SHIFT;

    /** Where both sides of a ring begin that nobody has used yet. */
    public static final int INITIAL_BASE = INITIAL_PLACE | INITIAL_PLACE << USED_SHIFT;

    private static final int DESC_ALIGNMENT = 16;
    private static final int EVENT_ALIGNMENT = 4;
    private static final int U16_MASK = 0xffff;

    /** In {@link #pushedChains}. */
    private static final int ENTRIES_SHIFT = 16;

    private static final int WRITTEN_SHIFT = 32;

    private static final long UNTRANSLATED = -1;

    private final int size;
    private final List<RingPart> parts;
    private final boolean eventIdx;
    private final PackedWalk walk;
    private final @Nullable PackedInflight inflight;
    /** Where chains are recorded that an earlier device has taken and not given back, to be given out again first. */
    private int[] resubmitted = {};

    private int nextResubmitted;

    private MemorySegment desc = MemorySegment.NULL;
    /** Event suppression of calls, by the driver. */
    private MemorySegment driver = MemorySegment.NULL;
    /** Event suppression of kicks, by us. */
    private MemorySegment device = MemorySegment.NULL;

    /** Where writes to ring and device area are marked, and the guest-physical addresses that these have there. */
    private @Nullable DirtyLog usedLog;

    private long descLogAddress;
    private long deviceLogAddress;
    /** Of the device area behind an IOMMU. */
    private long deviceGuestAddress = UNTRANSLATED;

    /** The entry where the next chain begins. */
    private int avail;

    private int availWrap;
    /** Whether {@link #availWord} is that entry's. */
    private boolean isAvailKnown;
    /** Length, id and flags of that entry, which is available; they are loaded once for a chain. */
    private long availWord;
    /** The entry where the next used descriptor goes. */
    private int used;

    private int usedWrap;
    /** Entries of chains that the driver does not know to be used. */
    private int inFlight;
    /** Those of them that are used, but not shown. */
    private int pushed;
    /**
     * Their used descriptors: bits 0 to 15 are the id, 16 to 31 the number of entries, the others the length. They are
     * written to the ring in one go, because the driver's processor has its cache lines: it would take each back between
     * two of our stores, and every store would wait for its line.
     */
    private final long[] pushedChains;

    private int pushedCount;
    /** Something was published before the start, and perhaps nobody was called for it. */
    private final boolean publishedBefore;
    /** Nothing was published since the start: whether an earlier device called for earlier elements is unknown. */
    private boolean firstPublish = true;

    /**
     * Sets a queue up over a ring that the driver has laid out.
     *
     * @param size number of entries
     * @param base where to go on. Bits 0 to 14 are the next available entry, bit 15 its wrap counter; bits 16 to 30 the
     *     next used one, bit 31 its wrap counter; if the latter are all zero, they are taken to be as the former. All zero
     *     is also taken for {@link #INITIAL_BASE} where the ring shows that it is new
     * @param address where the ring lies
     * @param features as negotiated
     * @param memory where to find the ring and the buffers
     * @throws RingFault if size, base, alignment or place of the ring is invalid
     */
    public PackedVirtqueue(int size, int base, VringAddress address, RingFeatures features, GuestMemory memory)
            throws RingFault {
        this(size, base, address, features, memory, null);
    }

    /**
     * The same for a queue whose requests in flight are recorded where another process finds them.
     *
     * @param base does not matter if the record says where an earlier device has come to
     * @param record {@link #inflightBytes} from the front-end; {@code null} for no record
     */
    public PackedVirtqueue(
            int size,
            int base,
            VringAddress address,
            RingFeatures features,
            GuestMemory memory,
            @Nullable MemorySegment record)
            throws RingFault {
        checkSize(size);
        this.size = size;
        this.pushedChains = new long[size];
        this.parts = parts(size, address);
        this.eventIdx = features.eventIdx();
        this.walk = new PackedWalk(features.indirectDesc());
        rebind(memory);
        startAt(base == 0 && isUntouched() ? INITIAL_BASE : base);
        this.inflight = record == null ? null : PackedInflight.attach(record, size, place(used, usedWrap));
        if (inflight != null && !inflight.isNew()) {
            recover(inflight);
        }
        this.publishedBefore = place(used, usedWrap) != INITIAL_PLACE;
    }

    private static List<RingPart> parts(int size, VringAddress address) {
        return List.of(
                new RingPart(
                        "descriptor ring",
                        address.desc(),
                        (long) size * DescriptorWalk.DESC_BYTES,
                        DESC_ALIGNMENT,
                        Iotlb.READ_WRITE),
                new RingPart("driver area", address.avail(), EVENT_BYTES, EVENT_ALIGNMENT, Iotlb.READ),
                new RingPart("device area", address.used(), EVENT_BYTES, EVENT_ALIGNMENT, Iotlb.READ_WRITE));
    }

    /** As {@link #missing(GuestMemory)}, of a queue that is still to be made. */
    public static Iotlb.@Nullable Miss missing(int size, VringAddress address, GuestMemory memory) {
        return RingPart.missing(parts(size, address), memory);
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
        return PackedInflight.bytes(size);
    }

    /** From one queue's record to the next, in bytes. */
    public static long inflightStride(int size) {
        return PackedInflight.stride(size);
    }

    /** Whether a base tells of chains that were taken and not given back. */
    public static boolean isInFlight(int base) {
        return (base & U16_MASK) != base >>> USED_SHIFT;
    }

    /** The front-end knows where a stopped queue is to go on, so that its record does not count any more. */
    public static void forgetInflight(MemorySegment record) {
        PackedInflight.forget(record);
    }

    /**
     * Checks a queue size, which need not be a power of two (§2.8.10.1).
     *
     * @throws RingFault if it is zero or above {@link Virtqueue#MAX_SIZE}
     */
    public static void checkSize(int size) throws RingFault {
        if (size <= 0 || size > MAX_SIZE) {
            throw new RingFault(RingFault.Kind.SIZE, "queue size " + Integer.toUnsignedString(size));
        }
    }

    /**
     * Whether no device has used anything in this ring: the first entry is the first to be marked. User-Mode Linux begins
     * a ring with a base of 0, which says that the ring is in its second lap.
     */
    private boolean isUntouched() {
        return (GuestAccess.u16(desc, PackedWalk.FLAGS) & F_USED) == 0;
    }

    private void startAt(int base) throws RingFault {
        int availPlace = base & U16_MASK;
        int usedPlace = base >>> USED_SHIFT;
        if (usedPlace == 0) {
            // DPDK's virtio_user says nothing here: a ring where nothing is in flight has both at one place.
            usedPlace = availPlace;
        }
        avail = availPlace & INDEX_MASK;
        availWrap = availPlace >>> WRAP_SHIFT;
        used = usedPlace & INDEX_MASK;
        usedWrap = usedPlace >>> WRAP_SHIFT;
        // What lies between was taken by an earlier device, and is not ours to give back.
        inFlight = avail - used + (availWrap == usedWrap ? 0 : size);
        if (avail >= size || used >= size || inFlight < 0 || inFlight > size) {
            throw new RingFault(RingFault.Kind.BASE, "base %#x in a ring of %d".formatted(base, size));
        }
    }

    /** Goes on where an earlier device has come to, with what it had in flight. */
    private void recover(PackedInflight record) throws RingFault {
        resubmitted = record.recover(desc).stream().mapToInt(Integer::intValue).toArray();
        used = record.usedPlace() & INDEX_MASK;
        usedWrap = record.usedPlace() >>> WRAP_SHIFT;
        avail = used;
        availWrap = usedWrap;
        inFlight = 0;
        for (int head : resubmitted) {
            int entries = (int) (record.descriptors(head).byteSize() / DescriptorWalk.DESC_BYTES);
            for (int i = 0; i < entries; i++) {
                // It may have been used without being shown, and would be shown by what is used before it now.
                GuestAccess.putU16(
                        desc,
                        (long) avail * DescriptorWalk.DESC_BYTES + PackedWalk.FLAGS,
                        availWrap != 0 ? F_AVAIL : F_USED);
                moveAvail(1);
            }
        }
    }

    @Override
    public void rebind(GuestMemory memory) throws RingFault {
        desc = parts.get(0).find(memory);
        driver = parts.get(1).find(memory);
        device = parts.get(2).find(memory);
        walk.rebind(memory);
        descLogAddress = parts.get(0).guestAddress(memory);
        deviceGuestAddress =
                memory.iotlb() == null ? UNTRANSLATED : parts.get(2).guestAddress(memory);
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public int base() {
        int shown = used - pushed;
        int shownWrap = usedWrap;
        if (shown < 0) {
            shown += size;
            shownWrap ^= 1;
        }
        return place(avail, availWrap) | place(shown, shownWrap) << USED_SHIFT;
    }

    private static int place(int index, int wrap) {
        return index | wrap << WRAP_SHIFT;
    }

    @Override
    public boolean isEmpty() {
        return !isAvailKnown && resubmissions() == 0 && !refreshAvail();
    }

    /** Looks at the next entry; if it is available, what the driver wrote before is visible from here on. */
    private boolean refreshAvail() {
        // One load of eight aligned bytes: if it sees the flags, it sees the length and the id that were stored before.
        availWord = GuestAccess.u64Acquire(desc, (long) avail * DescriptorWalk.DESC_BYTES + PackedWalk.WORD);
        isAvailKnown = isAvailable(PackedWalk.flags(availWord), availWrap);
        return isAvailKnown;
    }

    /** AVAIL as the wrap counter, USED otherwise (§2.8.1): in the other lap just the other way round. */
    static boolean isAvailable(int flags, int wrap) {
        return (flags & (F_AVAIL | F_USED)) == (wrap != 0 ? F_AVAIL : F_USED);
    }

    /** In entries, which may be fewer chains: found by a few looks ahead, for a driver fills its ring in order. */
    @Override
    public int available() {
        if (isEmpty() || resubmissions() > 0) {
            return resubmissions();
        }
        int known = 1;
        while (2 * known <= size - inFlight && looksAvailable(2 * known - 1)) {
            known *= 2;
        }
        return known;
    }

    private boolean looksAvailable(int ahead) {
        int index = avail + ahead;
        int wrap = availWrap;
        if (index >= size) {
            index -= size;
            wrap ^= 1;
        }
        return isAvailable(GuestAccess.u16(desc, (long) index * DescriptorWalk.DESC_BYTES + PackedWalk.FLAGS), wrap);
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
    public boolean poll(DescriptorChain chain) throws ChainFault, RingFault {
        if (isEmpty()) {
            return false;
        }
        boolean again = resubmissions() > 0;
        ChainFault fault = again ? pollResubmitted(chain) : pollRing(chain);
        if (fault != null) {
            throw fault;
        }
        if (walk.missing() == null) {
            return true;
        }
        untake(chain, again);
        return false;
    }

    private void untake(DescriptorChain chain, boolean again) {
        if (again) {
            nextResubmitted--;
            return;
        }
        isAvailKnown = false;
        moveAvail(-chain.entries());
        if (inflight != null) {
            inflight.untaken(chain.record());
        }
    }

    private @Nullable ChainFault pollResubmitted(DescriptorChain chain) throws RingFault {
        PackedInflight record = Objects.requireNonNull(inflight);
        int head = resubmitted[nextResubmitted++];
        MemorySegment recorded = record.descriptors(head);
        int entries = (int) (recorded.byteSize() / DescriptorWalk.DESC_BYTES);
        ChainFault fault =
                walk.follow(recorded, entries, 0, GuestAccess.u64(recorded, PackedWalk.WORD), entries, chain, null);
        chain.record(head);
        return fault;
    }

    private @Nullable ChainFault pollRing(DescriptorChain chain) throws RingFault {
        isAvailKnown = false;
        if (inFlight == size) {
            throw new RingFault(
                    RingFault.Kind.TOO_MANY_IN_FLIGHT, "all " + size + " entries in flight, and more made available");
        }
        try {
            return walk.follow(desc, size, avail, availWord, size - inFlight, chain, inflight);
        } finally {
            moveAvail(chain.entries());
        }
    }

    @Override
    public void unpoll(DescriptorChain chain) {
        if (inflight != null) {
            throw new IllegalStateException("a chain that is recorded as in flight has to be completed");
        }
        isAvailKnown = false;
        moveAvail(-chain.entries());
    }

    private void moveAvail(int entries) {
        inFlight += entries;
        avail += entries;
        if (avail >= size) {
            avail -= size;
            availWrap ^= 1;
        } else if (avail < 0) {
            avail += size;
            availWrap ^= 1;
        }
    }

    @Override
    public void push(DescriptorChain chain, long written) {
        int entries = chain.entries();
        if (entries == 0) {
            return; // Its end was never seen: the driver could not tell which chain comes back.
        }
        pushedChains[pushedCount++] = chain.head() | (long) entries << ENTRIES_SHIFT | written << WRITTEN_SHIFT;
        pushed += entries;
        used += entries;
        if (used >= size) {
            used -= size;
            usedWrap ^= 1;
        }
        if (inflight != null) {
            inflight.pushed(chain.record());
        }
    }

    @Override
    public boolean publish() {
        if (pushed == 0) {
            return false;
        }
        if (inflight != null) {
            inflight.publishing(place(used, usedWrap));
        }
        putUsed();
        int shown = pushed;
        pushed = 0;
        inFlight -= shown;
        // The driver stores its area, then loads a descriptor's flags; we store flags, then load its area. Only full
        // fences on both sides make sure that at least one of the two sees the other's store.
        VarHandle.fullFence();
        if (inflight != null) {
            inflight.published(place(used, usedWrap));
        }
        if (usedLog != null) {
            markShown(usedLog, shown);
        }
        if (firstPublish) {
            firstPublish = false;
            return true;
        }
        int event = (int) GuestAccess.u32(driver, 0);
        return switch (event >>> EVENT_FLAGS_SHIFT & EVENT_FLAGS_MASK) {
            case EVENT_DISABLE -> false;
            case EVENT_DESC -> !eventIdx || hasPassed(event & U16_MASK, shown);
            default -> true;
        };
    }

    /**
     * Writes used descriptors for what was pushed, the last first. The driver looks at one place only, the first one's: the
     * store of its flags shows them all.
     */
    private void putUsed() {
        int index = used;
        int wrap = usedWrap;
        for (int i = pushedCount - 1; i >= 0; i--) {
            long chain = pushedChains[i];
            index -= (int) (chain >>> ENTRIES_SHIFT) & U16_MASK;
            if (index < 0) {
                index += size;
                wrap ^= 1;
            }
            long written = chain >>> WRITTEN_SHIFT;
            int flags = (wrap != 0 ? F_AVAIL | F_USED : 0) | (written != 0 ? DescriptorWalk.F_WRITE : 0);
            long at = (long) index * DescriptorWalk.DESC_BYTES + PackedWalk.WORD;
            long word = PackedWalk.word(written, (int) chain & U16_MASK, flags);
            if (i > 0) {
                GuestAccess.putU64(desc, at, word);
            } else {
                GuestAccess.putU64Release(desc, at, word);
            }
        }
        pushedCount = 0;
    }

    /** Whether the last {@code shown} entries include the one that the driver waits for: vring_need_event over laps. */
    private boolean hasPassed(int place, int shown) {
        int index = place & INDEX_MASK;
        if (place >>> WRAP_SHIFT != usedWrap) {
            index -= size;
        }
        return ((used - index - 1) & U16_MASK) < shown;
    }

    @Override
    public void logUsed(@Nullable DirtyLog log, long address) {
        usedLog = log;
        deviceLogAddress = deviceGuestAddress == UNTRANSLATED ? address : deviceGuestAddress;
        if (log != null) {
            // An earlier device may have died between writing and marking.
            log.mark(descLogAddress, desc.byteSize());
            log.mark(deviceLogAddress, EVENT_BYTES);
        }
    }

    /** Marks the last {@code shown} entries. Front-ends give an address for the device area only (QEMU does). */
    private void markShown(DirtyLog log, int shown) {
        int beforeWrap = Math.max(shown - used, 0);
        log.mark(
                descLogAddress + (long) (size - beforeWrap) * DescriptorWalk.DESC_BYTES,
                (long) beforeWrap * DescriptorWalk.DESC_BYTES);
        log.mark(
                descLogAddress + (long) (used - (shown - beforeWrap)) * DescriptorWalk.DESC_BYTES,
                (long) (shown - beforeWrap) * DescriptorWalk.DESC_BYTES);
    }

    private void putDeviceEvent(int flags, int place) {
        GuestAccess.putU32(device, 0, (long) flags << EVENT_FLAGS_SHIFT | place);
        if (usedLog != null) {
            usedLog.mark(deviceLogAddress, EVENT_BYTES);
        }
    }

    @Override
    public void disarmKicks() {
        putDeviceEvent(EVENT_DISABLE, 0);
    }

    @Override
    public boolean armKicks() {
        putDeviceEvent(eventIdx ? EVENT_DESC : EVENT_ENABLE, eventIdx ? place(avail, availWrap) : 0);
        // As in publish, the other way round: our request for a kick before our look at the next entry.
        VarHandle.fullFence();
        return refreshAvail() || resubmissions() > 0;
    }
}
