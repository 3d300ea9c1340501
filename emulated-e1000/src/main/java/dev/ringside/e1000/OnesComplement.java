package dev.ringside.e1000;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** The Internet checksum (RFC 1071) over memory of our own. Sums are kept in network byte order. */
final class OnesComplement {
    private static final ValueLayout.OfInt BE32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfShort BE16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private OnesComplement() {}

    /** Adds bytes to a sum; an odd last byte counts as followed by a zero. */
    static long add(long sum, MemorySegment memory, long offset, int bytes) {
        long total = sum;
        int at = 0;
        for (; at + 4 <= bytes; at += 4) {
            total += Integer.toUnsignedLong(memory.get(BE32, offset + at));
        }
        if (at + 2 <= bytes) {
            total += Short.toUnsignedLong(memory.get(BE16, offset + at));
            at += 2;
        }
        if (at < bytes) {
            total += Byte.toUnsignedLong(memory.get(ValueLayout.JAVA_BYTE, offset + at)) << 8;
        }
        return total;
    }

    /** A sum in 16 bits, not complemented. */
    static int fold(long sum) {
        long folded = (sum & 0xffff_ffffL) + (sum >>> 32);
        while (folded >>> 16 != 0) {
            folded = (folded & 0xffff) + (folded >>> 16);
        }
        return (int) folded;
    }

    static int u16(MemorySegment memory, long offset) {
        return Short.toUnsignedInt(memory.get(BE16, offset));
    }

    static void putU16(MemorySegment memory, long offset, int value) {
        memory.set(BE16, offset, (short) value);
    }

    static int u8(MemorySegment memory, long offset) {
        return Byte.toUnsignedInt(memory.get(ValueLayout.JAVA_BYTE, offset));
    }
}
