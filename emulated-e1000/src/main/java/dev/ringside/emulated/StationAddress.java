package dev.ringside.emulated;

import dev.ringside.app.InvalidOptions;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.zip.CRC32;

/** Ethernet addresses as users write them. */
final class StationAddress {
    private static final int BYTES = 6;

    private StationAddress() {}

    /**
     * The address of one station, six bytes in the order in which they are sent.
     *
     * @throws InvalidOptions if it is none, or a group's
     */
    static byte[] parse(String text) throws InvalidOptions {
        try {
            byte[] address = HexFormat.ofDelimiter(":").parseHex(text);
            if (address.length == BYTES && (address[0] & 1) == 0) {
                return address;
            }
        } catch (IllegalArgumentException e) {
            // Said below.
        }
        throw new InvalidOptions("--mac must be the address of a station such as 52:54:00:12:34:56, not " + text);
    }

    /** An address in QEMU's range, the same each time for the same text. */
    static byte[] derivedFrom(String text) {
        CRC32 crc = new CRC32();
        crc.update(text.getBytes(StandardCharsets.UTF_8));
        int hash = (int) crc.getValue();
        return new byte[] {0x52, 0x54, 0, (byte) (hash >> 16), (byte) (hash >> 8), (byte) hash};
    }
}
