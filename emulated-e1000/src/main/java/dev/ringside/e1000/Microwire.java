package dev.ringside.e1000;

/**
 * The EEPROM's serial interface, a 93C46 in 16-bit organisation, driven bit by bit through EECD (§5.6, §13.4.3). A command is
 * a start bit, two bits of opcode, six of address and, to write, sixteen of data, each taken at a rising edge of the clock
 * while the chip is selected.
 */
final class Microwire {
    static final int SK = 1;
    static final int CS = 1 << 1;
    static final int DI = 1 << 2;
    static final int DO = 1 << 3;
    /** Software asks for the interface, and has it at once. */
    static final int REQ = 1 << 6;

    private static final int GNT = 1 << 7;
    private static final int PRES = 1 << 8;
    private static final int WRITABLE = SK | CS | DI | 0x30 | REQ;

    private static final int COMMAND_BITS = 9;
    private static final int ADDRESS_MASK = 0x3f;
    private static final int WORD_BITS = 16;

    private static final int OPCODE_EXTENDED = 0;
    private static final int OPCODE_WRITE = 1;
    private static final int OPCODE_READ = 2;
    private static final int EXTENDED_DISABLE = 0;
    private static final int EXTENDED_WRITE_ALL = 1;
    private static final int EXTENDED_ERASE_ALL = 2;

    private final Eeprom eeprom;
    private int pins;
    private boolean out = true;
    private boolean writeEnabled;
    /** Bits shifted in since the start bit, and how many, that one included. */
    private int shifted;

    private int bits;
    /** The word being shifted out, and how many of its bits are left. */
    private int reading;

    private int readBits;
    private boolean isReading;

    Microwire(Eeprom eeprom) {
        this.eeprom = eeprom;
    }

    /** What EECD reads as. */
    int read() {
        return pins | (out ? DO : 0) | PRES | ((pins & REQ) != 0 ? GNT : 0);
    }

    /** Moves the wires. */
    void write(int value) {
        int before = pins;
        pins = value & WRITABLE;
        if ((pins & CS) == 0) {
            if ((before & CS) != 0) {
                deselect();
            }
            return;
        }
        if ((pins & SK) != 0 && (before & SK) == 0) {
            clock((pins & DI) != 0);
        }
    }

    private void deselect() {
        execute();
        bits = 0;
        shifted = 0;
        isReading = false;
        // Ready: a write takes no time.
        out = true;
    }

    private void clock(boolean in) {
        if (isReading) {
            shiftOut();
            return;
        }
        if (bits == 0 && !in) {
            // Leading zeroes, until the start bit.
            return;
        }
        if (bits < COMMAND_BITS + WORD_BITS) {
            shifted = (shifted << 1) | (in ? 1 : 0);
            bits++;
        }
        if (bits == COMMAND_BITS && opcode(shifted) == OPCODE_READ) {
            isReading = true;
            reading = shifted & ADDRESS_MASK;
            readBits = WORD_BITS;
            // A dummy zero goes before the data.
            out = false;
        }
    }

    private void shiftOut() {
        if (readBits == 0) {
            // The next word follows without another command.
            reading = (reading + 1) & ADDRESS_MASK;
            readBits = WORD_BITS;
        }
        readBits--;
        out = (eeprom.read(reading) >> readBits & 1) != 0;
    }

    private static int opcode(int command) {
        return command >> 6 & 3;
    }

    /** Programming begins when the chip is deselected. */
    private void execute() {
        if (isReading || bits < COMMAND_BITS) {
            return;
        }
        boolean withData = bits == COMMAND_BITS + WORD_BITS;
        int data = withData ? shifted & 0xffff : 0xffff;
        int command = withData ? shifted >> WORD_BITS : shifted;
        int address = command & ADDRESS_MASK;
        switch (opcode(command)) {
            case OPCODE_EXTENDED -> extended(address >> 4, withData, data);
            case OPCODE_WRITE -> program(address, withData, data);
            // Erasing leaves ones.
            default -> program(address, true, 0xffff);
        }
    }

    private void program(int address, boolean complete, int data) {
        if (writeEnabled && complete) {
            eeprom.write(address, data);
        }
    }

    private void extended(int which, boolean withData, int data) {
        switch (which) {
            case EXTENDED_DISABLE -> writeEnabled = false;
            case EXTENDED_WRITE_ALL, EXTENDED_ERASE_ALL -> {
                for (int i = 0; i < Eeprom.WORDS; i++) {
                    program(i, which == EXTENDED_ERASE_ALL || withData, data);
                }
            }
            default -> writeEnabled = true;
        }
    }

    /** The card was reset: the chip is deselected. */
    void reset() {
        write(0);
        writeEnabled = false;
    }
}
