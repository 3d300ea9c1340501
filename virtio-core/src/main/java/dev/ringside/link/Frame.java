package dev.ringside.link;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * An Ethernet frame without its FCS, in pieces of anybody's memory, with the header that says what is still to be done
 * to it. Refilled for each frame; used by one thread. Positions count bytes from the destination address on. Where the
 * memory is a guest's, it may change at any time: what is decided from must be loaded once.
 */
public final class Frame {
    /** Destination, source and type. */
    public static final int ETHERNET_BYTES = 14;
    /** The largest IP packet behind an Ethernet header with two VLAN tags: more is no frame (virtio 1.2 §5.1.6.3.1). */
    public static final int MAX_BYTES = 65535 + ETHERNET_BYTES + 8;

    private static final int PAGE_BYTES = 4096;

    private static final int MAC_BITS = 48;

    private static final ValueLayout.OfLong BE64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private final NetHeader header = new NetHeader();
    private MemorySegment[] memory = new MemorySegment[4];
    private long[] offset = new long[4];
    private int[] length = new int[4];
    private int pieces;
    private int bytes;

    /** What is still to be done to the frame. */
    public NetHeader header() {
        return header;
    }

    /** All pieces together. */
    public int bytes() {
        return bytes;
    }

    /** How many pieces there are. */
    public int pieces() {
        return pieces;
    }

    /** Empties the frame; nothing is left to be done to it. It refers to what it lay in until it is filled again. */
    public void clear() {
        pieces = 0;
        bytes = 0;
        header.clear();
    }

    /**
     * Adds a piece at the end.
     *
     * @param piece the memory that it lies in: native memory, if the frame is going to a TAP or a socket
     * @param from first byte in {@code piece}
     * @param count above 0; all pieces together must not exceed {@link #MAX_BYTES}
     */
    public void add(MemorySegment piece, long from, int count) {
        if (pieces == memory.length) {
            grow();
        }
        memory[pieces] = piece;
        offset[pieces] = from;
        length[pieces] = count;
        pieces++;
        bytes += count;
    }

    private void grow() {
        memory = Arrays.copyOf(memory, pieces * 4);
        offset = Arrays.copyOf(offset, pieces * 4);
        length = Arrays.copyOf(length, pieces * 4);
    }

    /** The memory that a piece lies in. */
    public MemorySegment memory(int piece) {
        return memory[piece];
    }

    /** Where in its memory a piece begins, in bytes. */
    public long offset(int piece) {
        return offset[piece];
    }

    /** Length of a piece, in bytes. */
    public int length(int piece) {
        return length[piece];
    }

    /** The six bytes of an address at a position, as the low 48 bits, first byte highest. */
    public long mac(int position) {
        if (length[0] - position >= Long.BYTES) {
            return memory[0].get(BE64, offset[0] + position) >>> (Long.SIZE - MAC_BITS);
        }
        return ((long) u16(position) << 32) | ((long) u16(position + 2) << 16) | u16(position + 4);
    }

    /**
     * Loads a byte of each page, to find out whether the memory is still there.
     *
     * @throws InternalError if it is not: a front-end has truncated the file that it shares
     */
    public void touch() {
        for (int i = 0; i < pieces; i++) {
            for (int at = 0; at < length[i]; at += PAGE_BYTES) {
                memory[i].get(ValueLayout.JAVA_BYTE, offset[i] + at);
            }
            memory[i].get(ValueLayout.JAVA_BYTE, offset[i] + length[i] - 1);
        }
    }

    /** The byte at a position below {@link #bytes}. */
    public int u8(int position) {
        int piece = 0;
        int at = position;
        while (at >= length[piece]) {
            at -= length[piece++];
        }
        return Byte.toUnsignedInt(memory[piece].get(ValueLayout.JAVA_BYTE, offset[piece] + at));
    }

    /** The two bytes at a position, in network order. */
    public int u16(int position) {
        return (u8(position) << 8) | u8(position + 1);
    }

    /** The four bytes at a position, in network order. */
    public long u32(int position) {
        return ((long) u16(position) << 16) | u16(position + 2);
    }

    /**
     * Copies a part of the frame.
     *
     * @param position first byte; {@code position + count} is at most {@link #bytes}
     */
    public void copyTo(int position, MemorySegment to, long toOffset, int count) {
        int piece = 0;
        int at = position;
        while (count > 0 && at >= length[piece]) {
            at -= length[piece++];
        }
        for (int done = 0; done < count; piece++) {
            int part = Math.min(count - done, length[piece] - at);
            MemorySegment.copy(memory[piece], offset[piece] + at, to, toOffset + done, part);
            done += part;
            at = 0;
        }
    }

    /**
     * Adds a part of another frame as pieces of this one, without copying.
     *
     * @param position first byte; {@code position + count} is at most {@code other.bytes()}
     */
    public void addPartOf(Frame other, int position, int count) {
        int piece = 0;
        int at = position;
        while (count > 0 && at >= other.length[piece]) {
            at -= other.length[piece++];
        }
        for (int rest = count; rest > 0; piece++) {
            int part = Math.min(rest, other.length[piece] - at);
            add(other.memory[piece], other.offset[piece] + at, part);
            rest -= part;
            at = 0;
        }
    }

    /**
     * Describes the pieces, which must be native memory, as struct iovec.
     *
     * @param iovec added to
     * @return whether there was room for all of them
     */
    public boolean addTo(Iovec iovec) {
        if (iovec.count() + pieces > Iovec.MAX_ENTRIES) {
            return false;
        }
        for (int i = 0; i < pieces; i++) {
            iovec.add(memory[i].address() + offset[i], length[i]);
        }
        return true;
    }
}
