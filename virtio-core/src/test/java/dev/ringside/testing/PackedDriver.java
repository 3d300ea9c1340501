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
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The driver's side of a packed virtqueue (virtio 1.2 §2.8). A well-behaved driver by {@link FakeDriver}; the methods of
 * its own set any field to anything. The ring and indirect tables lie in the memory's first region.
 */
public final class PackedDriver implements FakeDriver {
    public static final int DESC_BYTES = 16;

    /** Flags of a descriptor (§2.8.1, §2.8.3, §2.8.6, §2.8.7). */
    public static final int NEXT = 1;

    public static final int WRITE = 2;
    public static final int INDIRECT = 4;
    public static final int AVAIL = 1 << 7;
    public static final int USED = 1 << 15;

    /** Event flags (§2.8.10). */
    public static final int ENABLE = 0;

    public static final int DISABLE = 1;
    public static final int DESC = 2;

    private static final int LEN = 8;
    private static final int ID = 12;
    private static final int FLAGS = 14;
    private static final int EVENT_BYTES = 4;

    /** Where a driver begins: at the first entry, with its wrap counter at 1. */
    public static final int FIRST = 1 << 15;

    private final FakeMemory memory;
    private final int size;
    private final boolean eventIdx;
    private final VringAddress address;
    private final MemorySegment desc;
    private final MemorySegment driver;
    private final MemorySegment device;

    /** Ids are handed out from the top, to be no indices by accident. */
    private final Deque<Integer> freeIds = new ArrayDeque<>();

    private final int[] entriesOf;
    private final IndirectTable[] indirectTables;
    private int free;
    private int next;
    private int nextWrap;
    private int lastUsed;
    private int lastUsedWrap;
    /** Entries made available by the last {@link #publish}, and added since. */
    private int publishedEntries;

    private int addedEntries;
    /** Where the first descriptor added since stands, and the flags that make it available, with all behind it. */
    private int firstAdded;

    private int firstAddedFlags;

    private record IndirectTable(long address, int capacity) {}

    /** A driver of a ring of this size, with EVENT_IDX or without. */
    public PackedDriver(FakeMemory memory, int size, boolean eventIdx) {
        this(memory, size, eventIdx, FIRST);
    }

    /**
     * A driver that begins somewhere else.
     *
     * @param place index, and the wrap counter in bit 15
     */
    public PackedDriver(FakeMemory memory, int size, boolean eventIdx, int place) {
        this(memory, size, eventIdx, layOut(memory, size), place);
    }

    /**
     * A driver of a ring that begins as it does when all was used.
     *
     * @param address of the ring's parts, user addresses
     * @param place index, and the wrap counter in bit 15
     */
    public PackedDriver(FakeMemory memory, int size, boolean eventIdx, VringAddress address, int place) {
        this.memory = memory;
        this.size = size;
        this.eventIdx = eventIdx;
        this.address = address;
        desc = memory.atUser(address.desc(), (long) size * DESC_BYTES);
        driver = memory.atUser(address.avail(), EVENT_BYTES);
        device = memory.atUser(address.used(), EVENT_BYTES);
        for (int id = size - 1; id >= 0; id--) {
            freeIds.add(id);
        }
        entriesOf = new int[size];
        indirectTables = new IndirectTable[size];
        free = size;
        next = place & 0x7fff;
        nextWrap = place >>> 15;
        lastUsed = next;
        lastUsedWrap = nextWrap;
        // As it looks when everything was used so far: entries behind us in this lap, and those of the lap before.
        for (int i = 0; i < size; i++) {
            boolean wrap = (i < next) == (nextWrap != 0);
            putU16(desc, at(i) + FLAGS, wrap ? AVAIL | USED : 0);
        }
        armCalls();
    }

    private static VringAddress layOut(FakeMemory memory, int size) {
        return new VringAddress(
                memory.userAddress(memory.allocate(0, (long) size * DESC_BYTES, 16)),
                memory.userAddress(memory.allocate(0, EVENT_BYTES, 4)),
                memory.userAddress(memory.allocate(0, EVENT_BYTES, 4)));
    }

    private static long at(int index) {
        return (long) index * DESC_BYTES;
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

    /** Where the next descriptor goes; bit 15 is the wrap counter. */
    public int place() {
        return next | nextWrap << 15;
    }

    @Override
    public int base() {
        return place() | place() << 16;
    }

    @Override
    public int add(List<Buffer> direct, List<Buffer> indirect) {
        if (!indirect.isEmpty() && !direct.isEmpty()) {
            throw new AssertionError("a list is either direct or indirect (§2.8.5)");
        }
        int entries = indirect.isEmpty() ? direct.size() : 1;
        if (entries == 0 || entries > free) {
            throw new AssertionError("%d entries wanted, %d free".formatted(entries, free));
        }
        int id = freeIds.remove();
        entriesOf[id] = entries;
        if (!indirect.isEmpty()) {
            entry(writeIndirectTable(id, indirect), (long) indirect.size() * DESC_BYTES, id, INDIRECT);
            return id;
        }
        for (int i = 0; i < entries; i++) {
            Buffer buffer = direct.get(i);
            boolean last = i == entries - 1;
            // The id of any but the last is nobody's business.
            entry(
                    buffer.address(),
                    buffer.length(),
                    last ? id : ~id & 0xffff,
                    (buffer.writable() ? WRITE : 0) | (last ? 0 : NEXT));
        }
        return id;
    }

    private long writeIndirectTable(int id, List<Buffer> buffers) {
        IndirectTable table = indirectTables[id];
        if (table == null || table.capacity() < buffers.size()) {
            int capacity = Math.max(4, Integer.highestOneBit(2 * buffers.size() - 1));
            table = new IndirectTable(memory.allocate(0, (long) capacity * DESC_BYTES, 16), capacity);
            indirectTables[id] = table;
        }
        MemorySegment segment =
                memory.atUser(memory.userAddress(table.address()), (long) table.capacity() * DESC_BYTES);
        for (int i = 0; i < buffers.size(); i++) {
            Buffer buffer = buffers.get(i);
            descriptor(segment, i, buffer.address(), buffer.length(), 0, buffer.writable() ? WRITE : 0);
        }
        return table.address();
    }

    /**
     * Writes the next entry of the ring, whatever stands there. It becomes available with the next {@link #publish}.
     *
     * @param flags without AVAIL and USED
     */
    public void entry(long bufferAddress, long length, int id, int flags) {
        int all = flags | available(nextWrap);
        if (addedEntries++ == 0) {
            firstAdded = next;
            firstAddedFlags = all;
            all = u16(desc, at(next) + FLAGS);
        }
        descriptor(desc, next, bufferAddress, length, id, all);
        free--;
        if (++next == size) {
            next = 0;
            nextWrap ^= 1;
        }
    }

    /** What AVAIL and USED are in a lap for an entry that is available. */
    public static int available(int wrap) {
        return wrap != 0 ? AVAIL : USED;
    }

    /** Writes a descriptor of any table, flags and all. */
    public static void descriptor(MemorySegment table, int index, long bufferAddress, long length, int id, int flags) {
        putU64(table, at(index), bufferAddress);
        putU32(table, at(index) + LEN, length);
        putU16(table, at(index) + ID, id);
        putU16(table, at(index) + FLAGS, flags);
    }

    /** Writes an entry of the ring, flags and all. */
    public void descriptor(int index, long bufferAddress, long length, int id, int flags) {
        descriptor(desc, index, bufferAddress, length, id, flags);
    }

    @Override
    public void publish() {
        publishedEntries = addedEntries;
        if (addedEntries > 0) {
            addedEntries = 0;
            putU16Release(desc, at(firstAdded) + FLAGS, firstAddedFlags);
        }
    }

    @Override
    public boolean wantsKick() {
        VarHandle.fullFence();
        int event = (int) u32(device, 0);
        return switch (event >>> 16) {
            case ENABLE -> true;
            case DISABLE -> false;
            case DESC -> eventIdx && needEvent(event & 0xffff, place(), publishedEntries, size);
            default -> throw new AssertionError("reserved bits in the device area: %#x".formatted(event));
        };
    }

    /**
     * Whether the last entries that a side has written include the one that the other waits for (§2.8.10), counted one
     * by one.
     *
     * @param event place of that one
     * @param place of the entry behind the last
     * @param entries how many were written
     */
    public static boolean needEvent(int event, int place, int entries, int size) {
        int index = place & 0x7fff;
        int wrap = place >>> 15;
        for (int i = 0; i < entries; i++) {
            if (--index < 0) {
                index = size - 1;
                wrap ^= 1;
            }
            if ((index | wrap << 15) == event) {
                return true;
            }
        }
        return false;
    }

    @Override
    public @Nullable Used takeUsed() {
        int flags = u16Acquire(desc, at(lastUsed) + FLAGS);
        boolean availFlag = (flags & AVAIL) != 0;
        boolean usedFlag = (flags & USED) != 0;
        if (availFlag != usedFlag || usedFlag != (lastUsedWrap != 0)) {
            return null;
        }
        Used taken = new Used(u16(desc, at(lastUsed) + ID), u32(desc, at(lastUsed) + LEN));
        if ((flags & WRITE) != 0 != (taken.written() != 0)) {
            throw new AssertionError("flags %#x of a descriptor with %s".formatted(flags, taken));
        }
        int entries = taken.id() < size ? entriesOf[taken.id()] : 0;
        if (entries != 0) {
            entriesOf[taken.id()] = 0;
            freeIds.add(taken.id());
        }
        skipUsed(Math.max(entries, 1));
        return taken;
    }

    private void skipUsed(int entries) {
        free += entries;
        lastUsed += entries;
        if (lastUsed >= size) {
            lastUsed -= size;
            lastUsedWrap ^= 1;
        }
    }

    /** Of a used element that is no chain of {@link #add}: it answers more entries than the one already skipped. */
    public void skipMoreUsed(int entries) {
        skipUsed(entries);
    }

    @Override
    public void armCalls() {
        driverEvent(eventIdx ? DESC : ENABLE, eventIdx ? lastUsed | lastUsedWrap << 15 : 0);
        VarHandle.fullFence();
    }

    @Override
    public void disarmCalls() {
        driverEvent(DISABLE, 0);
        VarHandle.fullFence();
    }

    /** Stores the driver area. */
    public void driverEvent(int flags, int place) {
        putU32(driver, 0, (long) flags << 16 | place);
    }

    /** The device area: flags above, place below. */
    public int deviceEvent() {
        return (int) u32(device, 0);
    }

    /** Where the next used descriptor is expected; bit 15 is the wrap counter. */
    public int usedPlace() {
        return lastUsed | lastUsedWrap << 15;
    }

    /** Entries that no chain takes. */
    public int free() {
        return free;
    }

    /** Ids that no chain has, and so chains that may still be added. */
    public List<Integer> freeIds() {
        return new ArrayList<>(freeIds);
    }
}
