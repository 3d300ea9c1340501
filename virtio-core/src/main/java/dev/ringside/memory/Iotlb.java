package dev.ringside.memory;

import dev.ringside.fault.MessageFault;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a back-end remembers of an IOMMU's translations, for a device behind one (vhost-user, "IOMMU support"): from I/O
 * virtual addresses, which a driver gives its device, to addresses of the front-end's own space. A cache: what is not
 * there is asked for, and comes with an update; anything may be forgotten at any time.
 *
 * <p>One thread updates and invalidates, any may look up. An entry that is found may have been invalidated a moment
 * later. So whoever invalidates waits afterwards until every queue has let go of what it found before.
 */
public final class Iotlb {
    /** Permissions, and kinds of access: VHOST_ACCESS_RO, _WO, _RW. */
    public static final int READ = 1;

    public static final int WRITE = 2;
    public static final int READ_WRITE = READ | WRITE;

    /**
     * A bound on what a front-end can make us keep. Far above what one chain needs (a page for each of its segments), so
     * that forgetting all of it never keeps a queue from getting on.
     */
    public static final int MAX_ENTRIES = 1 << 16;

    /**
     * Above this many, only what a queue cannot do without is asked for: what a front-end has not read yet is kept, and has
     * to have a bound.
     */
    private static final int MANY_UNANSWERED = 128;

    private final ConcurrentSkipListMap<Long, Entry> entries = new ConcurrentSkipListMap<>();
    /** How many these are: such a map does not know, and would count them. */
    private int count;

    private volatile long lastBytes = 4096;

    private final Consumer<Miss> ask;
    private final AtomicInteger unanswered = new AtomicInteger();

    /**
     * A range that is mapped.
     *
     * @param first I/O virtual address of its first byte
     * @param last and of its last one
     * @param userAddress of its first byte in the front-end's space; not checked
     * @param access what the device may do there
     */
    record Entry(long first, long last, long userAddress, int access) {}

    /**
     * An access that found no translation, or one without the permission.
     *
     * @param address I/O virtual
     * @param access {@link #READ} or {@link #WRITE}
     */
    public record Miss(long address, int access) {
        /** Whether a translation of addresses from {@code first} to {@code last} is what was missed. */
        public boolean isAnsweredBy(long first, long last, int granted) {
            return address >= first && address <= last && (granted & access) == access;
        }
    }

    /** @param ask has the front-end asked for a translation; called on any thread */
    public Iotlb(Consumer<Miss> ask) {
        this.ask = ask;
    }

    /**
     * Adds a translation, in place of those that it overlaps.
     *
     * @param address I/O virtual, from the front-end, as all of these
     * @throws MessageFault if the numbers make no sense
     */
    public void update(long address, long size, long userAddress, int access) throws MessageFault {
        if (address < 0
                || size <= 0
                || address > Long.MAX_VALUE - size
                || userAddress < 0
                || userAddress > Long.MAX_VALUE - size) {
            throw new MessageFault("translation of %#x bytes from %#x to %#x".formatted(size, address, userAddress));
        }
        if (access == 0 || (access & ~READ_WRITE) != 0) {
            throw new MessageFault("translation with permission " + access);
        }
        long last = address + size - 1;
        Entry before = entries.get(address);
        if (before != null && before.last == last) {
            // QEMU's virtio-iommu tells no more of a page than was asked for; nothing is taken back but by
            // invalidation.
            int granted = before.userAddress == userAddress ? access | before.access : access;
            // In one step: a queue that looks meanwhile has to find what it has been told.
            entries.put(address, new Entry(address, last, userAddress, granted));
        } else {
            invalidate(address, last);
            if (count == MAX_ENTRIES) {
                clear();
            }
            entries.put(address, new Entry(address, last, userAddress, access));
            count++;
        }
        lastBytes = size;
        unanswered.updateAndGet(due -> Math.max(due - 1, 0));
    }

    /**
     * Forgets all that touches a range.
     *
     * @param first I/O virtual address of its first byte, 0 or more
     * @param last and of its last one
     */
    public void invalidate(long first, long last) {
        Map.Entry<Long, Entry> below = entries.floorEntry(first);
        if (below != null && below.getValue().last >= first) {
            entries.remove(below.getKey());
            count--;
        }
        Iterator<Entry> within =
                entries.subMap(first, true, last, true).values().iterator();
        while (within.hasNext()) {
            within.next();
            within.remove();
            count--;
        }
    }

    /** Forgets everything. */
    public void clear() {
        entries.clear();
        count = 0;
        unanswered.set(0);
    }

    /** How many translations there are; for whoever updates. */
    int count() {
        return count;
    }

    /** The translation of an address for an access, or {@code null}. Any {@code long} is allowed. */
    @Nullable
    Entry find(long address, int access) {
        Map.Entry<Long, Entry> below = entries.floorEntry(address);
        if (below == null || below.getValue().last < address || (below.getValue().access & access) != access) {
            return null;
        }
        return below.getValue();
    }

    /** Asks the front-end for what was not found. Returns what to wait for. */
    Miss ask(long address, int access) {
        // One permission at a time: that is how QEMU asks an IOMMU. And none that is not needed: it may never be
        // granted.
        int asked = access == READ_WRITE ? (find(address, WRITE) == null ? WRITE : READ) : access;
        Miss miss = new Miss(address, asked);
        unanswered.incrementAndGet();
        ask.accept(miss);
        return miss;
    }

    /** Whether no more should be asked for than has to be. */
    boolean hasManyUnanswered() {
        return unanswered.get() >= MANY_UNANSWERED;
    }

    /** The size of the translation that came last. Front-ends tell of one page of the IOMMU at a time. */
    long lastBytes() {
        return lastBytes;
    }
}
