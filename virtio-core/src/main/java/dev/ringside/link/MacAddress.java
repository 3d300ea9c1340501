package dev.ringside.link;

import java.util.Arrays;
import java.util.HexFormat;

/** A station address of Ethernet, as users write it. */
public final class MacAddress {
    private static final HexFormat COLONS = HexFormat.ofDelimiter(":");
    private static final int BYTES = 6;

    private final byte[] bytes;

    private MacAddress(byte[] bytes) {
        this.bytes = bytes;
    }

    /**
     * An address in the usual notation, such as {@code 52:54:00:12:34:56}.
     *
     * @throws IllegalArgumentException if it is none, or not that of a single station
     */
    public static MacAddress parse(String text) {
        byte[] bytes = COLONS.parseHex(text);
        if (bytes.length != BYTES || (bytes[0] & 1) != 0 || Arrays.equals(bytes, new byte[BYTES])) {
            throw new IllegalArgumentException("not the address of a station: " + text);
        }
        return new MacAddress(bytes);
    }

    /** An address in QEMU's range that follows from a text, and is thus the same at each start. */
    public static MacAddress derivedFrom(String text) {
        int hash = text.hashCode() * 0x9e37_79b9;
        return new MacAddress(
                new byte[] {0x52, 0x54, 0, (byte) (hash >>> 24), (byte) (hash >>> 16), (byte) (hash >>> 8)});
    }

    /** Six bytes, in the order in which they are sent. */
    public byte[] bytes() {
        return bytes.clone();
    }

    @Override
    public String toString() {
        return COLONS.formatHex(bytes);
    }
}
