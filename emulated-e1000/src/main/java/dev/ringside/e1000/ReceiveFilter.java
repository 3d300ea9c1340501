package dev.ringside.e1000;

/** Decides which frames are for this card (§3.2.1, §9.1). */
final class ReceiveFilter {
    private static final int UPE = 1 << 3;
    private static final int MPE = 1 << 4;
    private static final int MO_SHIFT = 12;
    private static final int BAM = 1 << 15;
    private static final int VFE = 1 << 18;
    private static final int CFIEN = 1 << 19;
    private static final int CFI = 1 << 20;

    private static final int TCI_CFI = 1 << 12;
    private static final int VLAN_ID = 0xfff;

    private static final int RAH_VALID = 1 << 31;
    private static final int ADDRESSES = 16;
    /** RCTL.MO: which bits of the last two bytes of an address index the multicast table. */
    private static final int[] MTA_SHIFTS = {4, 3, 2, 0};

    private static final int MTA_INDEX = 0xfff;

    private static final long BROADCAST = 0xffff_ffff_ffffL;
    private static final long GROUP_BIT = 1L << 40;

    private final RegisterFile registers;

    ReceiveFilter(RegisterFile registers) {
        this.registers = registers;
    }

    /**
     * Whether a destination address passes.
     *
     * @param destination the first byte on the wire highest
     */
    boolean passesAddress(long destination) {
        int rctl = registers.get(Register.RCTL);
        if (destination == BROADCAST) {
            return (rctl & (BAM | MPE)) != 0 || matchesExactly(destination);
        }
        if ((destination & GROUP_BIT) != 0) {
            return (rctl & MPE) != 0 || matchesExactly(destination) || matchesTable(destination, rctl);
        }
        return (rctl & UPE) != 0 || matchesExactly(destination);
    }

    private boolean matchesExactly(long destination) {
        // The registers hold the address the other way round: its first byte lowest.
        long swapped = Long.reverseBytes(destination) >>> 16;
        int low = (int) swapped;
        int high = (int) (swapped >>> 32);
        for (int i = 0; i < ADDRESSES; i++) {
            int rah = registers.get(Register.RA, 2 * i + 1);
            if ((rah & RAH_VALID) != 0 && (rah & 0xffff) == high && registers.get(Register.RA, 2 * i) == low) {
                return true;
            }
        }
        return false;
    }

    private boolean matchesTable(long destination, int rctl) {
        int lastTwo = (int) (destination >> 8 & 0xff) | (int) (destination & 0xff) << 8;
        int index = lastTwo >> MTA_SHIFTS[rctl >> MO_SHIFT & 3] & MTA_INDEX;
        return (registers.get(Register.MTA, index >> 5) >> (index & 31) & 1) != 0;
    }

    /** Whether the VLAN of a tagged frame passes. */
    boolean passesVlan(int tci) {
        int rctl = registers.get(Register.RCTL);
        if ((rctl & VFE) == 0) {
            return true;
        }
        if ((rctl & CFIEN) != 0 && ((rctl & CFI) != 0) != ((tci & TCI_CFI) != 0)) {
            return false;
        }
        int vlan = tci & VLAN_ID;
        return (registers.get(Register.VFTA, vlan >> 5) >> (vlan & 31) & 1) != 0;
    }
}
