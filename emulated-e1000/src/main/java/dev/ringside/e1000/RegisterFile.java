package dev.ringside.e1000;

/** What the registers hold. Reading and writing here has no effect beyond it. */
final class RegisterFile {
    /** The writable bits of RAH: the address, its kind, and that it is valid. */
    private static final int RAH_WRITABLE = 0x8003ffff;

    private static final int PACKET_BUFFER_KB = 64;
    private static final int PBA_TXA_SHIFT = 16;

    private final int[] values = new int[Register.SPACE_BYTES / 4];

    RegisterFile() {
        powerOn();
    }

    /** Everything as at power-on. */
    void powerOn() {
        set(Register.PBA, Register.PBA.resetValue());
        reset();
    }

    /**
     * Everything as after CTRL.RST; packet memory and tables, which a reset leaves alone in hardware, become 0 as well. PBA
     * is kept: it takes effect by the reset that follows its being written (§13.4.16).
     */
    void reset() {
        int allocation = get(Register.PBA);
        for (Register register : Register.values()) {
            for (int i = 0; i < register.count(); i++) {
                set(register, i, register.resetValue());
            }
        }
        set(Register.PBA, allocation);
    }

    int get(Register register) {
        return values[register.offset() / 4];
    }

    int get(Register register, int index) {
        return values[register.offset() / 4 + index];
    }

    /** Whether any of some bits is set. */
    boolean has(Register register, int bits) {
        return (get(register) & bits) != 0;
    }

    /** Stores all bits. */
    void set(Register register, int value) {
        values[register.offset() / 4] = value;
    }

    /** Stores all bits of an element of an array. */
    void set(Register register, int index, int value) {
        values[register.offset() / 4 + index] = value;
    }

    /** Stores the bits that a driver may write, and keeps the others. */
    void write(Register register, int index, int value) {
        boolean rah = register == Register.RA && (index & 1) == 1;
        int mask = rah ? RAH_WRITABLE : register.writable();
        int written = (get(register, index) & ~mask) | (value & mask);
        set(register, index, register == Register.PBA ? allocation(value & mask) : written);
    }

    /** PBA: what is not for receiving is for sending. */
    private static int allocation(int receiveKb) {
        return Math.max(PACKET_BUFFER_KB - receiveKb, 0) << PBA_TXA_SHIFT | receiveKb;
    }
}
