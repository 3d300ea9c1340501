package dev.ringside.queue;

import dev.ringside.fault.RingFault;
import dev.ringside.memory.GuestAccess;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The record of a packed queue's requests in flight, in memory that outlives this process (vhost-user, "Inflight I/O
 * tracking"). It holds copies of their descriptors, for used ones are written over those in the ring; and the place where
 * the next used descriptor goes, which stands nowhere else.
 *
 * <pre>
 *   taken      copies of the chain's descriptors, in entries off the free list; inflight = 1; then old_free_head
 *   published  the batch's entries back on the free list; free_head, used_idx, used_wrap_counter
 *              (the ring: flags of the batch's first used descriptor: here the batch becomes the driver's)
 *              inflight = 0 for each of the batch, old_free_head, then old_used_idx and old_used_wrap_counter
 * </pre>
 *
 * <p>This process may be killed between any two of these stores, so that their order is all that matters. What stands in
 * the region is read only when a queue starts, for the front-end can write there as well.
 */
final class PackedInflight {
    /**
     * struct QueueRegionPacked: u64 features, u16 version, u16 desc_num, u16 free_head, u16 old_free_head, u16 used_idx,
     * u16 old_used_idx, u8 used_wrap_counter, u8 old_used_wrap_counter, u8 padding[7], desc[].
     */
    static final int VERSION = 8;

    static final int DESC_NUM = 10;
    static final int FREE_HEAD = 12;
    static final int OLD_FREE_HEAD = 14;
    /** This and the three fields behind it are stored at once. */
    static final int USED_IDX = 16;

    static final int DESC = 32;

    /**
     * struct DescStatePacked: u8 inflight, u8 padding, u16 next, u16 last, u16 num, u64 counter, u16 id, u16 flags,
     * u32 len, u64 addr.
     */
    static final int INFLIGHT = 0;

    static final int NEXT = 2;
    static final int LAST = 4;
    static final int NUM = 6;
    static final int COUNTER = 8;
    static final int ID = 16;
    static final int FLAGS = 18;
    static final int LEN = 20;
    static final int ADDR = 24;
    static final int DESC_BYTES = 32;

    private static final int ALIGNMENT = 64;
    private static final int CURRENT_VERSION = 1;
    private static final int OLD_USED_IDX_SHIFT = 16;
    private static final int WRAP_SHIFT = 32;
    private static final int OLD_WRAP_SHIFT = 40;
    private static final int PLACE_WRAP_SHIFT = 15;
    private static final int INDEX_MASK = (1 << PLACE_WRAP_SHIFT) - 1;
    private static final int U16_MASK = 0xffff;

    private final MemorySegment region;
    private final int size;
    private final boolean isNew;
    /** Our own copy of the free list's links, and of each recorded chain's last entry. */
    private final int[] next;

    private final int[] last;
    private final int[] batch;
    private int batched;
    private int freeHead;
    /** Place of the next used descriptor that the driver knows of. */
    private int usedPlace;

    private long counter;
    /** Of the chain being copied. */
    private int copied;

    private int copiedTo;
    private int copyNext;

    private PackedInflight(MemorySegment region, int size, boolean isNew, int usedPlace) {
        this.region = region;
        this.size = size;
        this.isNew = isNew;
        this.usedPlace = usedPlace;
        this.next = new int[size];
        this.last = new int[size];
        this.batch = new int[size];
    }

    /** Of one queue's region. */
    static long bytes(int queueSize) {
        return DESC + (long) queueSize * DESC_BYTES;
    }

    /** From the beginning of one queue's region to that of the next, in bytes. */
    static long stride(int queueSize) {
        return (bytes(queueSize) + ALIGNMENT - 1) & -ALIGNMENT;
    }

    /**
     * Begins to use a region for a ring of this size. A region that nobody has used yet is made ready, and says so last.
     *
     * @param region exactly the {@link #bytes} of one queue; from the front-end
     * @param usedPlace where the next used descriptor goes, if the region does not know better
     * @throws RingFault if the region is laid out otherwise
     */
    static PackedInflight attach(MemorySegment region, int size, int usedPlace) throws RingFault {
        int regionSize = (int) ((region.byteSize() - DESC) / DESC_BYTES);
        if (regionSize < size) {
            throw new RingFault(
                    RingFault.Kind.INFLIGHT, "in-flight region for %d descriptors of %d".formatted(regionSize, size));
        }
        int version = GuestAccess.u16(region, VERSION);
        PackedInflight record = new PackedInflight(region, size, version == 0, usedPlace);
        if (version == 0) {
            GuestAccess.putU16(region, DESC_NUM, regionSize);
            for (int i = 0; i < size; i++) {
                GuestAccess.putU8Release(region, desc(i) + INFLIGHT, 0);
            }
            record.putUsed(usedPlace, usedPlace);
            record.makeFreeList(new boolean[size]);
            GuestAccess.putU16Release(region, VERSION, CURRENT_VERSION);
        } else if (version != CURRENT_VERSION || GuestAccess.u16(region, DESC_NUM) != regionSize) {
            throw new RingFault(
                    RingFault.Kind.INFLIGHT,
                    "in-flight region of version %d for %d descriptors"
                            .formatted(version, GuestAccess.u16(region, DESC_NUM)));
        }
        return record;
    }

    /** Nobody takes the region for the record of a ring any more: what it says has been said otherwise. */
    static void forget(MemorySegment region) {
        GuestAccess.putU16Release(region, VERSION, 0);
    }

    /** Whether nobody has used the region before, so that it tells nothing. */
    boolean isNew() {
        return isNew;
    }

    private static long desc(int index) {
        return DESC + (long) index * DESC_BYTES;
    }

    private void putUsed(int place, int oldPlace) {
        GuestAccess.putU64Release(
                region,
                USED_IDX,
                (place & INDEX_MASK)
                        | (oldPlace & INDEX_MASK) << OLD_USED_IDX_SHIFT
                        | (long) (place >>> PLACE_WRAP_SHIFT) << WRAP_SHIFT
                        | (long) (oldPlace >>> PLACE_WRAP_SHIFT) << OLD_WRAP_SHIFT);
    }

    /** Links all entries that no recorded chain has. The list ends with a link beyond the entries. */
    private void makeFreeList(boolean[] isTaken) {
        int head = size;
        for (int i = size - 1; i >= 0; i--) {
            if (!isTaken[i]) {
                link(i, head);
                head = i;
            }
        }
        putFreeHeads(head);
    }

    private void link(int index, int to) {
        next[index] = to;
        GuestAccess.putU16(region, desc(index) + NEXT, to);
    }

    private void putFreeHeads(int head) {
        freeHead = head;
        GuestAccess.putU16Release(region, FREE_HEAD, head);
        GuestAccess.putU16Release(region, OLD_FREE_HEAD, head);
    }

    /** The place where the next used descriptor goes; after {@link #recover} as the driver knows it. */
    int usedPlace() {
        return usedPlace;
    }

    /**
     * Finds what an earlier device has taken and not given back.
     *
     * @param ring where the earlier device may have shown its last batch to the driver
     * @return heads of recorded chains, in the order in which they were taken
     * @throws RingFault if the region contradicts itself
     */
    List<Integer> recover(MemorySegment ring) throws RingFault {
        long used = GuestAccess.u64(region, USED_IDX);
        int place = place((int) used & U16_MASK, (int) (used >>> WRAP_SHIFT) & 1);
        int oldPlace = place((int) (used >>> OLD_USED_IDX_SHIFT) & U16_MASK, (int) (used >>> OLD_WRAP_SHIFT) & 1);
        if ((place & INDEX_MASK) >= size || (oldPlace & INDEX_MASK) >= size) {
            throw new RingFault(RingFault.Kind.INFLIGHT, "used places %#x and %#x".formatted(place, oldPlace));
        }
        boolean shown = place != oldPlace && !isAvailable(ring, oldPlace);
        usedPlace = shown ? place : oldPlace;
        clearFree(GuestAccess.u16(region, shown ? FREE_HEAD : OLD_FREE_HEAD));
        boolean[] isTaken = new boolean[size];
        List<Integer> heads = IntStream.range(0, size)
                .filter(i -> GuestAccess.u8(region, desc(i) + INFLIGHT) != 0)
                .boxed()
                .sorted(Comparator.comparing(
                        head -> GuestAccess.u64(region, desc(head) + COUNTER), Long::compareUnsigned))
                .toList();
        for (int head : heads) {
            adopt(head, isTaken);
        }
        counter = heads.isEmpty() ? 0 : GuestAccess.u64(region, desc(heads.getLast()) + COUNTER) + 1;
        makeFreeList(isTaken);
        putUsed(usedPlace, usedPlace);
        return heads;
    }

    private static int place(int index, int wrap) {
        return (index & INDEX_MASK) | wrap << PLACE_WRAP_SHIFT;
    }

    /** Whether an entry is still as the driver made it available. */
    private static boolean isAvailable(MemorySegment ring, int place) {
        long entry = (long) (place & INDEX_MASK) * DescriptorWalk.DESC_BYTES;
        return PackedVirtqueue.isAvailable(GuestAccess.u16(ring, entry + PackedWalk.FLAGS), place >>> PLACE_WRAP_SHIFT);
    }

    /** What was being taken is on the free list as long as its descriptors are not complete. */
    private void clearFree(int head) {
        int index = head;
        for (int i = 0; i < size && index < size; i++) {
            GuestAccess.putU8Release(region, desc(index) + INFLIGHT, 0);
            index = GuestAccess.u16(region, desc(index) + NEXT);
        }
    }

    private void adopt(int head, boolean[] isTaken) throws RingFault {
        int count = GuestAccess.u16(region, desc(head) + NUM);
        int index = head;
        for (int i = 0; i < count; i++) {
            if (index >= size || isTaken[index]) {
                throw new RingFault(RingFault.Kind.INFLIGHT, "chain at %d of %d descriptors".formatted(head, count));
            }
            isTaken[index] = true;
            last[head] = index;
            next[index] = GuestAccess.u16(region, desc(index) + NEXT);
            index = next[index];
        }
        if (count == 0) {
            throw new RingFault(RingFault.Kind.INFLIGHT, "chain at %d of no descriptors".formatted(head));
        }
    }

    /** The descriptors of a recorded chain, laid out as in a ring of their own. */
    MemorySegment descriptors(int head) {
        int count = 1;
        for (int index = head; index != last[head]; index = next[index]) {
            count++;
        }
        MemorySegment ring = Arena.ofAuto().allocate((long) count * DescriptorWalk.DESC_BYTES, Long.BYTES);
        int index = head;
        for (int i = 0; i < count; i++) {
            long from = desc(index);
            long to = (long) i * DescriptorWalk.DESC_BYTES;
            GuestAccess.putU64(ring, to, GuestAccess.u64(region, from + ADDR));
            // The chain is as long as it was when it was recorded.
            int flags = (GuestAccess.u16(region, from + FLAGS) & ~DescriptorWalk.F_NEXT)
                    | (i < count - 1 ? DescriptorWalk.F_NEXT : 0);
            long length = GuestAccess.u32(region, from + LEN);
            GuestAccess.putU64(
                    ring, to + PackedWalk.WORD, PackedWalk.word(length, GuestAccess.u16(region, from + ID), flags));
            index = next[index];
        }
        return ring;
    }

    /** A chain is about to be copied. */
    void begin() {
        copied = 0;
        copyNext = freeHead;
    }

    /** The next descriptor of the chain. There is an entry for it, for there is one for each of the ring. */
    void copy(long address, long length, int id, int flags) {
        copiedTo = copyNext;
        long desc = desc(copiedTo);
        GuestAccess.putU16(region, desc + ID, id);
        GuestAccess.putU16(region, desc + FLAGS, flags);
        GuestAccess.putU32(region, desc + LEN, length);
        GuestAccess.putU64(region, desc + ADDR, address);
        copyNext = next[copiedTo];
        copied++;
    }

    /**
     * The chain has been copied; nothing has been done with it yet.
     *
     * @return where
     */
    int taken() {
        int head = freeHead;
        long desc = desc(head);
        last[head] = copiedTo;
        GuestAccess.putU16(region, desc + LAST, copiedTo);
        GuestAccess.putU16(region, desc + NUM, copied);
        GuestAccess.putU64(region, desc + COUNTER, counter++);
        GuestAccess.putU8Release(region, desc + INFLIGHT, 1);
        putFreeHeads(copyNext);
        return head;
    }

    /** {@link #taken} the other way round, store by store, for the chain that was taken last. */
    void untaken(int head) {
        putFreeHeads(head);
        GuestAccess.putU8Release(region, desc(head) + INFLIGHT, 0);
    }

    /** A chain is used, which the driver does not see yet. */
    void pushed(int head) {
        batch[batched++] = head;
    }

    /** The driver is going to see what was pushed, by one store that comes next. */
    void publishing(int place) {
        int head = freeHead;
        for (int i = 0; i < batched; i++) {
            link(last[batch[i]], head);
            head = batch[i];
        }
        freeHead = head;
        GuestAccess.putU16Release(region, FREE_HEAD, head);
        putUsed(place, usedPlace);
    }

    /** The driver sees what was pushed. The caller has seen to it that it did before anything here is stored. */
    void published(int place) {
        for (int i = 0; i < batched; i++) {
            GuestAccess.putU8Release(region, desc(batch[i]) + INFLIGHT, 0);
        }
        batched = 0;
        usedPlace = place;
        GuestAccess.putU16Release(region, OLD_FREE_HEAD, freeHead);
        putUsed(place, place);
    }

    @Override
    public String toString() {
        return "record of %d, free from %d on, batch %s"
                .formatted(size, freeHead, Arrays.toString(Arrays.copyOf(batch, batched)));
    }
}
