package dev.ringside.queue;

import dev.ringside.fault.RingFault;
import dev.ringside.memory.GuestAccess;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Comparator;

/**
 * The record of a split queue's requests in flight, in memory that outlives this process (vhost-user, "Inflight I/O
 * tracking"). Whoever serves the ring next finds there what was taken and not given back, and in which order.
 *
 * <pre>
 *   taken      desc[head].counter, then desc[head].inflight = 1
 *   pushed     desc[head].next = last_batch_head, then last_batch_head = head
 *              (the ring's used_idx: here the batch becomes the driver's)
 *   published  desc[head].inflight = 0 for each of the batch, then used_idx
 * </pre>
 *
 * <p>This process may be killed between any two of these stores, so that their order is all that matters. The driver's
 * {@code used_idx} decides: if it is ahead of the one here, the last batch has been handed over, whatever the
 * {@code inflight} bytes still say. That is five stores for a request and one for a batch, none of them locked, and no
 * load: what stands in the region is read only when a queue starts, for the front-end can write there as well.
 */
final class SplitInflight {
    /** struct QueueRegionSplit: u64 features, u16 version, u16 desc_num, u16 last_batch_head, u16 used_idx, desc[]. */
    static final int VERSION = 8;

    static final int DESC_NUM = 10;
    static final int LAST_BATCH_HEAD = 12;
    static final int USED_IDX = 14;
    static final int DESC = 16;

    /** struct DescStateSplit: u8 inflight, u8 padding[5], u16 next, u64 counter. */
    static final int INFLIGHT = 0;

    static final int NEXT = 6;
    static final int COUNTER = 8;
    static final int DESC_BYTES = 16;

    /** Where the next queue's region begins: the specification leaves it open, other back-ends agree on this. */
    private static final int ALIGNMENT = 64;

    private static final int CURRENT_VERSION = 1;
    private static final int U16_MASK = 0xffff;

    private final MemorySegment region;
    private final int size;
    private final boolean isNew;
    private final int[] batch;
    private int batched;
    private int lastBatchHead;
    private long counter;

    private SplitInflight(MemorySegment region, int size, boolean isNew) {
        this.region = region;
        this.size = size;
        this.isNew = isNew;
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
     * @param usedIdx as the driver sees it
     * @throws RingFault if the region is laid out otherwise
     */
    static SplitInflight attach(MemorySegment region, int size, int usedIdx) throws RingFault {
        int regionSize = (int) ((region.byteSize() - DESC) / DESC_BYTES);
        if (regionSize < size) {
            throw new RingFault(
                    RingFault.Kind.INFLIGHT, "in-flight region for %d descriptors of %d".formatted(regionSize, size));
        }
        int version = GuestAccess.u16(region, VERSION);
        if (version == 0) {
            GuestAccess.putU16(region, DESC_NUM, regionSize);
            GuestAccess.putU16(region, LAST_BATCH_HEAD, 0);
            GuestAccess.putU16(region, USED_IDX, usedIdx);
            GuestAccess.putU16Release(region, VERSION, CURRENT_VERSION);
        } else if (version != CURRENT_VERSION || GuestAccess.u16(region, DESC_NUM) != regionSize) {
            throw new RingFault(
                    RingFault.Kind.INFLIGHT,
                    "in-flight region of version %d for %d descriptors"
                            .formatted(version, GuestAccess.u16(region, DESC_NUM)));
        }
        return new SplitInflight(region, size, version == 0);
    }

    /** Whether nobody has used the region before, so that it tells nothing. */
    boolean isNew() {
        return isNew;
    }

    /**
     * Finds what an earlier device has taken and not given back.
     *
     * @param usedIdx as the driver sees it
     * @return heads, in the order in which they were taken
     * @throws RingFault if the region contradicts itself
     */
    int[] recover(int usedIdx) throws RingFault {
        int handedOver = (usedIdx - GuestAccess.u16(region, USED_IDX)) & U16_MASK;
        if (handedOver > size) {
            // No batch is that large: the driver has begun its ring anew, and what stands here is of the one before.
            forget();
        } else {
            settleBatch(handedOver);
        }
        GuestAccess.putU16Release(region, USED_IDX, usedIdx);
        lastBatchHead = GuestAccess.u16(region, LAST_BATCH_HEAD);
        int[] heads = inflightHeads();
        counter = heads.length == 0 ? 0 : counter(heads[heads.length - 1]) + 1;
        return heads;
    }

    private void forget() {
        for (int head = 0; head < size; head++) {
            GuestAccess.putU8Release(region, desc(head) + INFLIGHT, 0);
        }
    }

    /** The earlier device was killed after it had shown a batch to the driver, and before it had noted that. */
    private void settleBatch(int count) throws RingFault {
        int head = GuestAccess.u16(region, LAST_BATCH_HEAD);
        for (int i = 0; i < count; i++) {
            if (head >= size) {
                throw new RingFault(RingFault.Kind.INFLIGHT, "head " + head + " in the last batch");
            }
            GuestAccess.putU8Release(region, desc(head) + INFLIGHT, 0);
            head = GuestAccess.u16(region, desc(head) + NEXT);
        }
    }

    private int[] inflightHeads() {
        Integer[] heads = new Integer[size];
        int count = 0;
        for (int head = 0; head < size; head++) {
            if (GuestAccess.u8(region, desc(head) + INFLIGHT) != 0) {
                heads[count++] = head;
            }
        }
        Arrays.sort(heads, 0, count, Comparator.comparing(this::counter, Long::compareUnsigned));
        return Arrays.stream(heads, 0, count).mapToInt(Integer::intValue).toArray();
    }

    private long counter(int head) {
        return GuestAccess.u64(region, desc(head) + COUNTER);
    }

    private static long desc(int head) {
        return DESC + (long) head * DESC_BYTES;
    }

    /** A chain has been taken; nothing has been done with it yet. */
    void taken(int head) {
        long desc = desc(head);
        GuestAccess.putU64(region, desc + COUNTER, counter++);
        GuestAccess.putU8Release(region, desc + INFLIGHT, 1);
    }

    /** The chain that was taken last is available again; nothing has been done with it. */
    void untaken(int head) {
        GuestAccess.putU8Release(region, desc(head) + INFLIGHT, 0);
    }

    /** A chain stands in the used ring, where the driver does not see it yet. */
    void pushed(int head) {
        GuestAccess.putU16(region, desc(head) + NEXT, lastBatchHead);
        GuestAccess.putU16Release(region, LAST_BATCH_HEAD, head);
        lastBatchHead = head;
        batch[batched++] = head;
    }

    /**
     * The driver sees what was pushed. The caller has seen to it that it did before anything here is stored.
     *
     * @param usedIdx as the driver sees it
     */
    void published(int usedIdx) {
        for (int i = 0; i < batched; i++) {
            GuestAccess.putU8Release(region, desc(batch[i]) + INFLIGHT, 0);
        }
        batched = 0;
        GuestAccess.putU16Release(region, USED_IDX, usedIdx);
    }
}
