package dev.ringside.e1000;

/**
 * The link as the MAC sees it: what the PHY says, and what software forces (§8.5, §13.4.1, §13.4.2).
 */
final class MacLink {
    private static final int CTRL_FD = 1;
    private static final int CTRL_SLU = 1 << 6;
    private static final int CTRL_SPEED_SHIFT = 8;
    private static final int CTRL_FRCSPD = 1 << 11;
    private static final int CTRL_FRCDPLX = 1 << 12;

    private static final int STATUS_FD = 1;
    private static final int STATUS_LU = 1 << 1;
    private static final int STATUS_SPEED_SHIFT = 6;
    private static final int STATUS_ASDV_SHIFT = 8;
    /** The bus runs at 66 MHz. */
    private static final int STATUS_PCI66 = 1 << 11;

    private static final int RCTL_LBM = 0xc0;

    private final RegisterFile registers;
    private final Phy phy;
    private final Runnable changed;
    private boolean up;

    /** @param changed {@link #isUp} has changed */
    MacLink(RegisterFile registers, Phy phy, Runnable changed) {
        this.registers = registers;
        this.phy = phy;
        this.changed = changed;
    }

    /** Something that the link depends on may have changed. */
    void update() {
        boolean now = registers.has(Register.CTRL, CTRL_SLU) && phy.isLinkUp();
        if (now != up) {
            up = now;
            changed.run();
        }
    }

    /** Whether frames can pass. */
    boolean isUp() {
        return up;
    }

    /** Whether what is sent comes back instead of leaving. */
    boolean isLoopback() {
        return registers.has(Register.RCTL, RCTL_LBM) || phy.isLoopback();
    }

    /** What STATUS reads as. */
    int status() {
        int ctrl = registers.get(Register.CTRL);
        int speed = (ctrl & CTRL_FRCSPD) != 0 ? Math.min(ctrl >> CTRL_SPEED_SHIFT & 3, 2) : phy.speed();
        boolean duplex = (ctrl & CTRL_FRCDPLX) != 0 ? (ctrl & CTRL_FD) != 0 : phy.isFullDuplex();
        return STATUS_PCI66
                | (duplex ? STATUS_FD : 0)
                | (up ? STATUS_LU : 0)
                | speed << STATUS_SPEED_SHIFT
                | phy.speed() << STATUS_ASDV_SHIFT;
    }
}
