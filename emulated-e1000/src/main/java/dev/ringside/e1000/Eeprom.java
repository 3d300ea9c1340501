package dev.ringside.e1000;

import java.util.Arrays;

/** The 64 words of 16 bits that the card finds its address and configuration in (§5.6). */
final class Eeprom {
    static final int WORDS = 64;

    private static final int CHECKSUM = 0x3f;
    /** All words together, low 16 bits (§5.6.35). */
    private static final int SUM = 0xbaba;

    private final short[] words = new short[WORDS];

    /** @param mac six bytes, in the order in which they are sent */
    Eeprom(byte[] mac) {
        Arrays.fill(words, (short) 0xffff);
        for (int i = 0; i < 3; i++) {
            words[i] = (short) (Byte.toUnsignedInt(mac[2 * i]) | (mac[2 * i + 1] << 8));
        }
        // Compatibility: a client card; no image version; no printed board assembly.
        words[0x03] = 0x0000;
        words[0x08] = 0x3000;
        words[0x09] = 0x1000;
        // Initialisation control 1, signature 01 in bits 15:14; subsystem, its vendor, device, vendor.
        words[0x0a] = 0x6403;
        words[0x0b] = E1000.SUBSYSTEM;
        words[0x0c] = (short) E1000.VENDOR;
        words[0x0d] = E1000.DEVICE;
        words[0x0e] = (short) E1000.VENDOR;
        words[0x0f] = 0x3040;
        words[0x21] = 0x7061;
        words[0x22] = 0x280b;
        words[0x23] = 0x0000;
        int sum = 0;
        for (int i = 0; i < CHECKSUM; i++) {
            sum += words[i];
        }
        words[CHECKSUM] = (short) (SUM - sum);
    }

    /** A word; {@code address} counts modulo {@link #WORDS}. */
    int read(int address) {
        return Short.toUnsignedInt(words[address % WORDS]);
    }

    /** Changes a word, for as long as this process runs. */
    void write(int address, int value) {
        words[address % WORDS] = (short) value;
    }

    /** The low four bytes of the card's address, as RAL holds them. */
    int ral() {
        return read(0) | (read(1) << 16);
    }

    /** The high two. */
    int rahAddress() {
        return read(2);
    }
}
