package dev.ringside.testing;

import static dev.ringside.memory.GuestAccess.putU16;
import static dev.ringside.memory.GuestAccess.putU16Release;
import static dev.ringside.memory.GuestAccess.putU32;
import static dev.ringside.memory.GuestAccess.putU64;
import static dev.ringside.memory.GuestAccess.u16;
import static dev.ringside.memory.GuestAccess.u16Acquire;
import static dev.ringside.memory.GuestAccess.u32;

import dev.ringside.queue.VringAddress;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The driver's side of a split virtqueue (virtio 1.2 §2.7). A well-behaved driver by {@link FakeDriver}; the methods of
 * its own set any field to anything. Rings and indirect tables lie in the memory's first region.
 */
public final class SplitDriver implements FakeDriver {
    public static final int DESC_BYTES = 16;
    /** Flags of a descriptor (§2.7.5). */
    public static final int NEXT = 1;

    public static final int WRITE = 2;
    public static final int INDIRECT = 4;

    /** {@code avail_flags} (§2.7.7) and {@code used_flags} (§2.7.10). */
    public static final int NO_INTERRUPT = 1;

    public static final int NO_NOTIFY = 1;

    private static final int IDX = 2;
    private static final int RING = 4;
    private static final int AVAIL_ELEMENT_BYTES = 2;
    private static final int USED_ELEMENT_BYTES = 8;

    private final FakeMemory memory;
    private final int size;
    private final boolean eventIdx;
    private final VringAddress address;
    private final MemorySegment desc;
    private final MemorySegment avail;
    private final MemorySegment used;

    private final Deque<Integer> free = new ArrayDeque<>();
    private final Map<Integer, List<Integer>> inFlight = new HashMap<>();
    private final Map<Integer, IndirectTable> indirectTables = new HashMap<>();
    private int availIdx;
    private int published;
    private int publishedBefore;
    private int lastUsed;

    private record IndirectTable(long address, int capacity) {}

    /** A driver of a ring of this size, with EVENT_IDX or without. */
    public SplitDriver(FakeMemory memory, int size, boolean eventIdx) {
        this(memory, size, eventIdx, layOut(memory, size), 0);
    }

    /**
     * A driver of a ring that begins with zeroes.
     *
     * @param address of the ring's parts, user addresses
     * @param base where {@code avail_idx} and {@code used_idx} begin
     */
    public SplitDriver(FakeMemory memory, int size, boolean eventIdx, VringAddress address, int base) {
        this.memory = memory;
        this.size = size;
        this.eventIdx = eventIdx;
        this.address = address;
        desc = memory.atUser(address.desc(), (long) size * DESC_BYTES);
        avail = memory.atUser(address.avail(), availBytes(size));
        used = memory.atUser(address.used(), usedBytes(size));
        desc.fill((byte) 0);
        avail.fill((byte) 0);
        used.fill((byte) 0);
        for (int i = 0; i < size; i++) {
            free.add(i);
        }
        startAt(base);
    }

    private static VringAddress layOut(FakeMemory memory, int size) {
        return new VringAddress(
                memory.userAddress(memory.allocate(0, (long) size * DESC_BYTES, 16)),
                memory.userAddress(memory.allocate(0, availBytes(size), 2)),
                memory.userAddress(memory.allocate(0, usedBytes(size), 4)));
    }

    private static long availBytes(int size) {
        return RING + (long) size * AVAIL_ELEMENT_BYTES + 2;
    }

    private static long usedBytes(int size) {
        return RING + (long) size * USED_ELEMENT_BYTES + 2;
    }

    private void startAt(int base) {
        availIdx = base;
        published = base;
        publishedBefore = base;
        lastUsed = base;
        availIdx(base);
        putU16(used, IDX, base);
        usedEvent(base);
    }

    @Override
    public FakeMemory memory() {
        return memory;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public VringAddress address() {
        return address;
    }

    @Override
    public int base() {
        return published;
    }

    @Override
    public int add(List<Buffer> direct, List<Buffer> indirect) {
        int count = direct.size() + (indirect.isEmpty() ? 0 : 1);
        if (count == 0 || free.size() < count) {
            throw new AssertionError("%d descriptors wanted, %d free".formatted(count, free.size()));
        }
        List<Integer> indices = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            indices.add(free.remove());
        }
        int head = indices.get(0);
        for (int i = 0; i < count; i++) {
            boolean last = i == count - 1;
            int next = last ? 0 : indices.get(i + 1);
            int link = last ? 0 : NEXT;
            if (i < direct.size()) {
                describe(desc, indices.get(i), direct.get(i), link, next);
            } else {
                long table = writeIndirectTable(head, indirect);
                descriptor(indices.get(i), table, (long) indirect.size() * DESC_BYTES, INDIRECT | link, next);
            }
        }
        inFlight.put(head, indices);
        availEntry(availIdx, head);
        availIdx = (availIdx + 1) & 0xffff;
        return head;
    }

    private static void describe(MemorySegment table, int index, Buffer buffer, int link, int next) {
        int flags = link | (buffer.writable() ? WRITE : 0);
        descriptor(table, index, buffer.address(), buffer.length(), flags, next);
    }

    private long writeIndirectTable(int head, List<Buffer> buffers) {
        IndirectTable table = indirectTables.get(head);
        if (table == null || table.capacity() < buffers.size()) {
            int capacity = Math.max(4, Integer.highestOneBit(2 * buffers.size() - 1));
            table = new IndirectTable(memory.allocate(0, (long) capacity * DESC_BYTES, 16), capacity);
            indirectTables.put(head, table);
        }
        MemorySegment segment =
                memory.atUser(memory.userAddress(table.address()), (long) table.capacity() * DESC_BYTES);
        for (int i = 0; i < buffers.size(); i++) {
            boolean last = i == buffers.size() - 1;
            describe(segment, i, buffers.get(i), last ? 0 : NEXT, last ? 0 : i + 1);
        }
        return table.address();
    }

    @Override
    public void publish() {
        publishedBefore = published;
        published = availIdx;
        availIdx(availIdx);
    }

    @Override
    public boolean wantsKick() {
        VarHandle.fullFence();
        if (!eventIdx) {
            return (usedFlags() & NO_NOTIFY) == 0;
        }
        return needEvent(availEvent(), published, publishedBefore);
    }

    /** vring_need_event of §2.7.10. */
    public static boolean needEvent(int event, int newIdx, int oldIdx) {
        return ((newIdx - event - 1) & 0xffff) < ((newIdx - oldIdx) & 0xffff);
    }

    @Override
    public @Nullable Used takeUsed() {
        if (lastUsed == usedIdx()) {
            return null;
        }
        long element = RING + (long) (lastUsed & (size - 1)) * USED_ELEMENT_BYTES;
        Used taken = new Used((int) u32(used, element), u32(used, element + 4));
        lastUsed = (lastUsed + 1) & 0xffff;
        List<Integer> indices = inFlight.remove(taken.id());
        if (indices != null) {
            free.addAll(indices);
        }
        return taken;
    }

    @Override
    public void armCalls() {
        availFlags(0);
        usedEvent(lastUsed);
        VarHandle.fullFence();
    }

    @Override
    public void disarmCalls() {
        availFlags(NO_INTERRUPT);
        usedEvent((lastUsed - 1) & 0xffff);
        VarHandle.fullFence();
    }

    /** Descriptors that are in no chain. */
    public int free() {
        return free.size();
    }

    /** Writes a descriptor. */
    public void descriptor(int index, long bufferAddress, long length, int flags, int next) {
        descriptor(desc, index, bufferAddress, length, flags, next);
    }

    /** Writes a descriptor of any table. */
    public static void descriptor(
            MemorySegment table, int index, long bufferAddress, long length, int flags, int next) {
        long at = (long) index * DESC_BYTES;
        putU64(table, at, bufferAddress);
        putU32(table, at + 8, length);
        putU16(table, at + 12, flags);
        putU16(table, at + 14, next);
    }

    /** Makes whatever stands in a descriptor available, and says nothing else about it. */
    public void offerHead(int head) {
        availEntry(availIdx, head);
        availIdx = (availIdx + 1) & 0xffff;
        publish();
    }

    /** Stores an entry of the avail ring, at a free-running position. */
    public void availEntry(int position, int head) {
        putU16(avail, RING + (long) (position & (size - 1)) * AVAIL_ELEMENT_BYTES, head);
    }

    /** Stores {@code avail_idx}. */
    public void availIdx(int value) {
        putU16Release(avail, IDX, value);
    }

    /** Stores {@code avail_flags}. */
    public void availFlags(int value) {
        putU16(avail, 0, value);
    }

    /** Stores {@code used_event}. */
    public void usedEvent(int value) {
        putU16(avail, RING + (long) size * AVAIL_ELEMENT_BYTES, value);
    }

    public int usedIdx() {
        return u16Acquire(used, IDX);
    }

    public int usedFlags() {
        return u16(used, 0);
    }

    public int availEvent() {
        return u16(used, RING + (long) size * USED_ELEMENT_BYTES);
    }
}
