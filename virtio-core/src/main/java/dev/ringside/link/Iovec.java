package dev.ringside.link;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * An array of struct iovec in native memory, as a window that is added to at its end and taken from at its beginning.
 * One entry before and one behind the window are free for whoever passes the array to the kernel (a header, a byte to
 * notice overflow). Used by one thread.
 */
public final class Iovec {
    /** The most entries of a window: what Linux takes in one call (IOV_MAX), less the two free ones. */
    public static final int MAX_ENTRIES = 1022;

    /** An empty window. */
    public static final Iovec NONE = new Iovec(2);

    /** struct iovec: u64 base, u64 len. */
    private static final int ENTRY_BYTES = 16;

    private static final int IOV_LEN = 8;

    private final MemorySegment entries;
    private final int capacity;
    private int first = 1;
    private int count;
    private long bytes;

    /** An empty window with room for {@link #MAX_ENTRIES}. */
    public Iovec() {
        this(2 * (MAX_ENTRIES + 2));
    }

    private Iovec(int capacity) {
        this.capacity = capacity;
        this.entries = Arena.ofAuto().allocate((long) capacity * ENTRY_BYTES, ENTRY_BYTES);
    }

    /** Entries in the window. */
    public int count() {
        return count;
    }

    /** Bytes that the window's entries describe. */
    public long bytes() {
        return bytes;
    }

    public void clear() {
        first = 1;
        count = 0;
        bytes = 0;
    }

    /**
     * Adds an entry at the end; there must be fewer than {@link #MAX_ENTRIES}.
     *
     * @param address of native memory that stays valid as long as the entry is used
     * @param length in bytes, above 0
     */
    public void add(long address, long length) {
        if (first + count + 1 >= capacity) {
            moveToFront();
        }
        set(first + count, address, length);
        count++;
        bytes += length;
    }

    private void moveToFront() {
        MemorySegment.copy(entries, at(first), entries, at(1), at(count));
        first = 1;
    }

    /**
     * Takes bytes away at the beginning: whole entries, and the first part of the next.
     *
     * @param number of bytes, at most {@link #bytes}
     */
    public void skip(long number) {
        long rest = number;
        while (rest > 0) {
            long address = entries.get(ValueLayout.JAVA_LONG, at(first));
            long length = entries.get(ValueLayout.JAVA_LONG, at(first) + IOV_LEN);
            if (length > rest) {
                set(first, address + rest, length - rest);
                break;
            }
            rest -= length;
            first++;
            count--;
        }
        bytes -= number;
    }

    /**
     * Puts an entry before the window, which does not become part of it.
     *
     * @return the address of that entry, from which {@code count() + 1} entries follow
     */
    public long before(long address, long length) {
        set(first - 1, address, length);
        return entries.address() + at(first - 1);
    }

    /** Puts an entry behind the window, which does not become part of it. */
    public void behind(long address, long length) {
        set(first + count, address, length);
    }

    private void set(int index, long address, long length) {
        entries.set(ValueLayout.JAVA_LONG, at(index), address);
        entries.set(ValueLayout.JAVA_LONG, at(index) + IOV_LEN, length);
    }

    private static long at(int index) {
        return (long) index * ENTRY_BYTES;
    }
}
