package dev.ringside.testing;

import java.io.ByteArrayOutputStream;

/** The bytes of a message, field by field, little-endian. */
public final class Payload {
    public static final byte[] EMPTY = {};

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    public Payload u32(long... values) {
        for (long value : values) {
            put(value, Integer.BYTES);
        }
        return this;
    }

    public Payload u64(long... values) {
        for (long value : values) {
            put(value, Long.BYTES);
        }
        return this;
    }

    public Payload bytes(byte... values) {
        bytes.writeBytes(values);
        return this;
    }

    /** As many zeroes. */
    public Payload zeroes(int count) {
        bytes.writeBytes(new byte[count]);
        return this;
    }

    private void put(long value, int width) {
        for (int i = 0; i < width; i++) {
            bytes.write((int) (value >>> (8 * i)));
        }
    }

    public byte[] done() {
        return bytes.toByteArray();
    }

    /** The little-endian value of some bytes. */
    public static long value(byte[] bytes, int offset, int width) {
        long value = 0;
        for (int i = width - 1; i >= 0; i--) {
            value = value << 8 | (bytes[offset + i] & 0xff);
        }
        return value;
    }
}
