package dev.ringside.e1000;

/**
 * The card's counters (§13.7), which reading clears. Those of 32 bits stop at their greatest value. Lengths are those of
 * frames on a wire: padded, and with their FCS.
 */
final class Statistics {
    static final int FCS_BYTES = 4;

    private static final int BIN_64 = 64;
    private static final int BIN_127 = 127;
    private static final int BIN_255 = 255;
    private static final int BIN_511 = 511;
    private static final int BIN_1023 = 1023;

    private static final long GROUP_BIT = 1L << 40;
    private static final long BROADCAST = 0xffff_ffff_ffffL;

    private final RegisterFile registers;

    Statistics(RegisterFile registers) {
        this.registers = registers;
    }

    /** Reads a counter, and clears it; the high half of a counter of 64 bits clears both. */
    int read(Register counter) {
        int value = registers.get(counter);
        switch (counter) {
            case GORCL, GOTCL, TORL, TOTL -> {}
            case GORCH -> clear(Register.GORCL, counter);
            case GOTCH -> clear(Register.GOTCL, counter);
            case TORH -> clear(Register.TORL, counter);
            case TOTH -> clear(Register.TOTL, counter);
            default -> registers.set(counter, 0);
        }
        return value;
    }

    private void clear(Register low, Register high) {
        registers.set(low, 0);
        registers.set(high, 0);
    }

    void count(Register counter) {
        count(counter, 1);
    }

    void count(Register counter, int more) {
        long sum = Integer.toUnsignedLong(registers.get(counter)) + more;
        registers.set(counter, (int) Math.min(sum, 0xffff_ffffL));
    }

    private void countBytes(Register low, Register high, long bytes) {
        long sum = Integer.toUnsignedLong(registers.get(low)) + bytes;
        registers.set(low, (int) sum);
        registers.set(high, registers.get(high) + (int) (sum >>> 32));
    }

    /** A frame came in, for this card or not. */
    void arrived(int wireBytes) {
        count(Register.TPR);
        countBytes(Register.TORL, Register.TORH, wireBytes);
    }

    /** A frame for this card was too long for it (§13.7.15, §13.7.36). */
    void oversized() {
        count(Register.ROC);
        count(Register.RLEC);
    }

    /** A frame was received. */
    void received(int wireBytes, long destination) {
        count(Register.GPRC);
        countBytes(Register.GORCL, Register.GORCH, wireBytes);
        if (destination == BROADCAST) {
            count(Register.BPRC);
        } else if ((destination & GROUP_BIT) != 0) {
            count(Register.MPRC);
        }
        count(bin(
                wireBytes,
                Register.PRC64,
                Register.PRC127,
                Register.PRC255,
                Register.PRC511,
                Register.PRC1023,
                Register.PRC1522));
    }

    /** Frames of one length were sent. */
    void sent(int frames, int wireBytes, long destination) {
        long bytes = (long) frames * wireBytes;
        count(Register.GPTC, frames);
        count(Register.TPT, frames);
        countBytes(Register.GOTCL, Register.GOTCH, bytes);
        countBytes(Register.TOTL, Register.TOTH, bytes);
        if (destination == BROADCAST) {
            count(Register.BPTC, frames);
        } else if ((destination & GROUP_BIT) != 0) {
            count(Register.MPTC, frames);
        }
        Register bin = bin(
                wireBytes,
                Register.PTC64,
                Register.PTC127,
                Register.PTC255,
                Register.PTC511,
                Register.PTC1023,
                Register.PTC1522);
        count(bin, frames);
    }

    private static Register bin(
            int bytes, Register to64, Register to127, Register to255, Register to511, Register to1023, Register more) {
        if (bytes <= BIN_64) {
            return to64;
        }
        if (bytes <= BIN_127) {
            return to127;
        }
        if (bytes <= BIN_255) {
            return to255;
        }
        if (bytes <= BIN_511) {
            return to511;
        }
        return bytes <= BIN_1023 ? to1023 : more;
    }
}
