package dev.ringside.fuzz;

/**
 * The bytes of one execution, taken from front to back. When they are used up everything is zero, so that each input means
 * something and a shorter one means less.
 */
public final class FuzzInput {
    private final byte[] bytes;
    private int at;

    public FuzzInput(byte[] bytes) {
        this.bytes = bytes;
    }

    /** Whether there are bytes left. */
    public boolean hasMore() {
        return at < bytes.length;
    }

    public int u8() {
        return at < bytes.length ? bytes[at++] & 0xff : 0;
    }

    public int u16() {
        return u8() | u8() << 8;
    }

    public int i32() {
        return u16() | u16() << 16;
    }

    public long i64() {
        return (i32() & 0xffff_ffffL) | (long) i32() << 32;
    }

    /** From 0 to below {@code bound}, which is at most 256. */
    public int below(int bound) {
        return u8() % bound;
    }

    public boolean bool() {
        return (u8() & 1) != 0;
    }

    /** As many bytes as are left, {@code most} at most. */
    public byte[] bytes(int most) {
        byte[] some = new byte[Math.min(most, bytes.length - at)];
        System.arraycopy(bytes, at, some, 0, some.length);
        at += some.length;
        return some;
    }

    /** All that is left. */
    public byte[] rest() {
        return bytes(bytes.length);
    }
}
