package dev.ringside.link;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The Internet checksum (RFC 1071) over memory of our own. Sums are of 16-bit words in network order and may be added
 * up; {@link #fold} makes 16 bits of them.
 */
final class Checksum {
    private static final ValueLayout.OfShort BE16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfInt BE32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfLong BE64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private static final long LOW = 0xffff_ffffL;

    private Checksum() {}

    /** Adds a range. */
    static long add(long sum, MemorySegment memory, long offset, long bytes) {
        long total = sum;
        long at = offset;
        long end = offset + bytes;
        // 32-bit halves are congruent to their 16-bit words modulo 2^16 - 1, and 2^31 of them fit into a long.
        for (; at + Long.BYTES <= end; at += Long.BYTES) {
            long word = memory.get(BE64, at);
            total += (word >>> 32) + (word & LOW);
        }
        for (; at + Short.BYTES <= end; at += Short.BYTES) {
            total += Short.toUnsignedInt(memory.get(BE16, at));
        }
        if (at < end) {
            total += (long) Byte.toUnsignedInt(memory.get(ValueLayout.JAVA_BYTE, at)) << 8;
        }
        return total;
    }

    /**
     * Adds a part of a frame, whatever pieces it lies in.
     *
     * @param position first byte; {@code position + bytes} is at most {@code frame.bytes()}
     */
    static long add(long sum, Frame frame, int position, int bytes) {
        long total = sum;
        int piece = 0;
        int at = position;
        while (bytes > 0 && at >= frame.length(piece)) {
            at -= frame.length(piece++);
        }
        for (int done = 0; done < bytes; piece++) {
            int part = Math.min(bytes - done, frame.length(piece) - at);
            long here = add(0, frame.memory(piece), frame.offset(piece) + at, part);
            // Behind an odd number of bytes, every byte has the other place in its word.
            total += (done & 1) == 0 ? here : Short.toUnsignedInt(Short.reverseBytes((short) fold(here)));
            done += part;
            at = 0;
        }
        return total;
    }

    /** A sum as 16 bits, not complemented. */
    static int fold(long sum) {
        long folded = (sum >>> 32) + (sum & LOW);
        folded = (folded >>> 16) + (folded & 0xffff);
        folded = (folded >>> 16) + (folded & 0xffff);
        return (int) ((folded >>> 16) + (folded & 0xffff));
    }

    /**
     * The sum of TCP's and UDP's pseudo-header over IPv4 (RFC 793).
     *
     * @param ip where the IPv4 header begins
     * @param length of the transport header and its payload, in bytes
     */
    static long pseudoHeader4(MemorySegment memory, long ip, int protocol, int length) {
        return add((long) protocol + length, memory, ip + 12, 8);
    }

    /** The same over IPv6 (RFC 8200 §8.1). */
    static long pseudoHeader6(MemorySegment memory, long ip, int protocol, int length) {
        return add((long) protocol + length, memory, ip + 8, 32);
    }

    /** Stores the low 16 bits of a value in network order. */
    static void put(MemorySegment memory, long offset, int value) {
        memory.set(BE16, offset, (short) value);
    }

    static int u16(MemorySegment memory, long offset) {
        return Short.toUnsignedInt(memory.get(BE16, offset));
    }

    static long u32(MemorySegment memory, long offset) {
        return Integer.toUnsignedLong(memory.get(BE32, offset));
    }

    static void putU32(MemorySegment memory, long offset, long value) {
        memory.set(BE32, offset, (int) value);
    }
}
