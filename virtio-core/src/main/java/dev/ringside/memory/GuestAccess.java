package dev.ringside.memory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Little-endian access to memory that another processor reads and writes meanwhile. Each call loads or stores a field
 * once. Offsets are in bytes. Any alignment will do, because guests choose where their buffers lie (libblkio puts block
 * request headers at odd addresses), except for {@code Acquire} and {@code Release}: they need natural alignment, which
 * is checked when a ring is set up.
 */
public final class GuestAccess {
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle ALIGNED_U16 =
            ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();

    private static final VarHandle U8 = ValueLayout.JAVA_BYTE.varHandle();

    private static final VarHandle ALIGNED_U64 =
            ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();

    private GuestAccess() {}

    public static int u8(MemorySegment memory, long offset) {
        return Byte.toUnsignedInt(memory.get(ValueLayout.JAVA_BYTE, offset));
    }

    /** Stores after every earlier store. */
    public static void putU8Release(MemorySegment memory, long offset, int value) {
        U8.setRelease(memory, offset, (byte) value);
    }

    public static int u16(MemorySegment memory, long offset) {
        return Short.toUnsignedInt(memory.get(U16, offset));
    }

    /** Loads; what the other side stored before it released this value is seen by all later loads. */
    public static int u16Acquire(MemorySegment memory, long offset) {
        return Short.toUnsignedInt((short) ALIGNED_U16.getAcquire(memory, offset));
    }

    public static void putU16(MemorySegment memory, long offset, int value) {
        memory.set(U16, offset, (short) value);
    }

    /** Stores after every earlier store: whoever acquires this value sees those as well. */
    public static void putU16Release(MemorySegment memory, long offset, int value) {
        ALIGNED_U16.setRelease(memory, offset, (short) value);
    }

    public static long u32(MemorySegment memory, long offset) {
        return Integer.toUnsignedLong(memory.get(U32, offset));
    }

    public static void putU32(MemorySegment memory, long offset, long value) {
        memory.set(U32, offset, (int) value);
    }

    /** All 64 bits; values above {@link Long#MAX_VALUE} are negative. */
    public static long u64(MemorySegment memory, long offset) {
        return memory.get(U64, offset);
    }

    /** Loads as {@link #u16Acquire} does. */
    public static long u64Acquire(MemorySegment memory, long offset) {
        return (long) ALIGNED_U64.getAcquire(memory, offset);
    }

    public static void putU64(MemorySegment memory, long offset, long value) {
        memory.set(U64, offset, value);
    }

    /** Stores after every earlier store. */
    public static void putU64Release(MemorySegment memory, long offset, long value) {
        ALIGNED_U64.setRelease(memory, offset, value);
    }
}
