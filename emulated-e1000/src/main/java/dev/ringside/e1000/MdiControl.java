package dev.ringside.e1000;

/** MDIC: software's way to the PHY's registers (§13.4.7). An access takes no time. */
final class MdiControl {
    private static final int REGISTER_SHIFT = 16;
    private static final int PHY_SHIFT = 21;
    private static final int OP_SHIFT = 26;
    private static final int OP_WRITE = 1;
    private static final int OP_READ = 2;
    private static final int READY = 1 << 28;
    private static final int INTERRUPT = 1 << 29;
    private static final int ERROR = 1 << 30;
    private static final int DATA = 0xffff;
    private static final int KEPT = 0x2fffffff;

    private final RegisterFile registers;
    private final Phy phy;
    private final Interrupts interrupts;

    MdiControl(RegisterFile registers, Phy phy, Interrupts interrupts) {
        this.registers = registers;
        this.phy = phy;
        this.interrupts = interrupts;
    }

    /** Does what is written to MDIC. */
    void write(int value) {
        int address = value >>> REGISTER_SHIFT & 0x1f;
        int operation = value >>> OP_SHIFT & 3;
        int result = value & KEPT;
        if ((value >>> PHY_SHIFT & 0x1f) != Phy.ADDRESS) {
            result |= ERROR;
        } else if (operation == OP_READ) {
            result = (result & ~DATA) | phy.read(address);
        } else if (operation == OP_WRITE) {
            phy.write(address, value & DATA);
        } else {
            result |= ERROR;
        }
        registers.set(Register.MDIC, result | READY);
        if ((value & INTERRUPT) != 0) {
            interrupts.raise(Interrupts.MDAC);
        }
    }
}
