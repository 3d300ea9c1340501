package dev.ringside.e1000;

import java.util.Arrays;

/**
 * The Marvell 88E1011 transceiver on the card, as far as software sees it: IEEE 802.3 clause 22 registers and the vendor's
 * own (§13.4.7, 88E1011 data sheet). The partner at the other end of the cable can do everything and always agrees to 1000
 * Mb/s full duplex; agreeing takes a while, during which there is no link.
 */
final class Phy {
    /** MDI address of the transceiver. */
    static final int ADDRESS = 1;

    private static final int BMCR = 0;
    private static final int BMSR = 1;
    private static final int PHYIDR1 = 2;
    private static final int PHYIDR2 = 3;
    private static final int ANAR = 4;
    private static final int ANLPAR = 5;
    private static final int ANER = 6;
    private static final int ANNPTR = 7;
    private static final int GBCR = 9;
    private static final int GBSR = 10;
    private static final int ESR = 15;
    private static final int PSCR = 16;
    private static final int PSSR = 17;
    private static final int INTERRUPT_ENABLE = 18;
    private static final int INTERRUPT_STATUS = 19;
    private static final int EPSCR = 20;
    private static final int LED_CONTROL = 24;
    private static final int REGISTERS = 32;

    private static final int BMCR_RESET = 0x8000;
    private static final int BMCR_LOOPBACK = 0x4000;
    private static final int BMCR_SPEED_LOW = 0x2000;
    private static final int BMCR_AN_ENABLE = 0x1000;
    private static final int BMCR_POWER_DOWN = 0x0800;
    private static final int BMCR_ISOLATE = 0x0400;
    private static final int BMCR_RESTART_AN = 0x0200;
    private static final int BMCR_DUPLEX = 0x0100;
    private static final int BMCR_SPEED_HIGH = 0x0040;
    private static final int BMCR_SELF_CLEARING = BMCR_RESET | BMCR_RESTART_AN;

    private static final int BMSR_LINK = 0x0004;
    private static final int BMSR_AN_COMPLETE = 0x0020;
    /** 10 and 100 Mb/s, both duplex modes, extended status, auto-negotiation, extended registers. */
    private static final int BMSR_ABILITIES = 0x7949;

    private static final int PSSR_LINK = 0x0400;
    private static final int PSSR_RESOLVED = 0x0800;
    private static final int PSSR_DUPLEX = 0x2000;
    private static final int PSSR_SPEED_SHIFT = 14;

    private static final int EVENT_PAGE_RECEIVED = 0x1000;
    private static final int EVENT_AN_COMPLETE = 0x0800;
    private static final int EVENT_LINK_CHANGED = 0x0400;

    private static final int PARTNER_ABILITIES = 0xc1e1;
    private static final int PARTNER_GIGABIT = 0x3c00;
    private static final int ANER_PAGE_RECEIVED = 0x0003;

    private static final int SPEED_10 = 0;
    private static final int SPEED_100 = 1;
    private static final int SPEED_1000 = 2;

    /** Real ones take seconds. */
    private static final long NEGOTIATION_NANOS = 100_000_000L;

    private final Timers timers;
    private final Runnable linkChanged;
    private final Runnable interrupt;
    private final int[] registers = new int[REGISTERS];
    private boolean cable;
    private boolean negotiated;
    private boolean linkWasDown;
    private boolean lastLink;
    private boolean asserted;
    /** Tells a negotiation that has been given up from the present one. */
    private int negotiation;

    /**
     * @param linkChanged {@link #isLinkUp} may have changed
     * @param interrupt the transceiver has asserted its interrupt pin
     */
    Phy(Timers timers, Runnable linkChanged, Runnable interrupt) {
        this.timers = timers;
        this.linkChanged = linkChanged;
        this.interrupt = interrupt;
        setDefaults();
    }

    /** As after power-on: negotiation begins. */
    void reset() {
        setDefaults();
        drivePin();
        negotiate();
    }

    private void setDefaults() {
        Arrays.fill(registers, 0);
        registers[BMCR] = BMCR_AN_ENABLE | BMCR_DUPLEX | BMCR_SPEED_HIGH;
        registers[PHYIDR1] = 0x0141;
        registers[PHYIDR2] = 0x0c20;
        registers[ANAR] = 0x0de1;
        registers[ANNPTR] = 0x2001;
        registers[GBCR] = 0x0e00;
        registers[ESR] = 0x3000;
        registers[PSCR] = 0x0068;
        registers[EPSCR] = 0x0d60;
        registers[LED_CONTROL] = 0x4100;
    }

    /** The cable was plugged in or pulled out. */
    void cable(boolean plugged) {
        if (cable != plugged) {
            cable = plugged;
            negotiate();
        }
    }

    private boolean has(int bits) {
        return (registers[BMCR] & bits) != 0;
    }

    private void negotiate() {
        negotiated = false;
        linkWasDown = true;
        negotiation++;
        followLink();
        if (cable && has(BMCR_AN_ENABLE)) {
            int started = negotiation;
            timers.after(NEGOTIATION_NANOS, () -> finish(started));
        }
    }

    private void finish(int started) {
        if (started == negotiation) {
            negotiated = true;
            happened(EVENT_AN_COMPLETE | EVENT_PAGE_RECEIVED);
            followLink();
        }
    }

    private void followLink() {
        boolean up = isLinkUp();
        if (up != lastLink) {
            lastLink = up;
            happened(EVENT_LINK_CHANGED);
        }
        linkChanged.run();
    }

    private void happened(int events) {
        registers[INTERRUPT_STATUS] |= events;
        drivePin();
    }

    private void drivePin() {
        boolean wanted = (registers[INTERRUPT_STATUS] & registers[INTERRUPT_ENABLE]) != 0;
        boolean rising = wanted && !asserted;
        asserted = wanted;
        if (rising) {
            interrupt.run();
        }
    }

    /** Whether the interrupt pin is asserted: until what happened has been read, or is no longer asked for. */
    boolean isInterrupting() {
        return asserted;
    }

    /** Whether frames that the MAC sends come back to it. */
    boolean isLoopback() {
        return has(BMCR_LOOPBACK);
    }

    /** Whether there is a link, be it to itself. */
    boolean isLinkUp() {
        if (has(BMCR_POWER_DOWN | BMCR_ISOLATE)) {
            return false;
        }
        return has(BMCR_LOOPBACK) || (cable && (negotiated || !has(BMCR_AN_ENABLE)));
    }

    /** 0 for 10, 1 for 100 and 2 for 1000 Mb/s, as STATUS has it. */
    int speed() {
        if (has(BMCR_AN_ENABLE) || has(BMCR_SPEED_HIGH)) {
            return SPEED_1000;
        }
        return has(BMCR_SPEED_LOW) ? SPEED_100 : SPEED_10;
    }

    boolean isFullDuplex() {
        return has(BMCR_AN_ENABLE) || has(BMCR_DUPLEX);
    }

    /** Reads a register; {@code address} below 32. */
    int read(int address) {
        return switch (address) {
            case BMSR -> readStatus();
            case ANLPAR -> negotiated ? PARTNER_ABILITIES : 0;
            case ANER -> negotiated ? ANER_PAGE_RECEIVED : 0;
            case GBSR -> negotiated ? PARTNER_GIGABIT : 0;
            case PSSR -> readSpecificStatus();
            case INTERRUPT_STATUS -> readEvents();
            default -> registers[address];
        };
    }

    /** The link bit stays 0 after the link was down, until it has been read. */
    private int readStatus() {
        boolean up = isLinkUp();
        boolean shown = up && !linkWasDown;
        linkWasDown = !up;
        return BMSR_ABILITIES | (shown ? BMSR_LINK : 0) | (negotiated ? BMSR_AN_COMPLETE : 0);
    }

    private int readEvents() {
        int events = registers[INTERRUPT_STATUS];
        registers[INTERRUPT_STATUS] = 0;
        drivePin();
        return events;
    }

    private int readSpecificStatus() {
        if (!isLinkUp()) {
            return 0;
        }
        return speed() << PSSR_SPEED_SHIFT | (isFullDuplex() ? PSSR_DUPLEX : 0) | PSSR_RESOLVED | PSSR_LINK;
    }

    /** Writes a register; {@code address} below 32. */
    void write(int address, int value) {
        switch (address) {
            case BMCR -> writeControl(value);
            case BMSR, PHYIDR1, PHYIDR2, ANLPAR, ANER, GBSR, ESR, PSSR, INTERRUPT_STATUS -> {}
            case INTERRUPT_ENABLE -> {
                registers[INTERRUPT_ENABLE] = value;
                drivePin();
            }
            default -> registers[address] = value;
        }
    }

    private void writeControl(int value) {
        int before = registers[BMCR];
        registers[BMCR] = value & ~BMCR_SELF_CLEARING;
        // A software reset makes changes of the mode take effect, and keeps the mode.
        boolean again = (value & BMCR_SELF_CLEARING) != 0 || ((before ^ value) & BMCR_AN_ENABLE) != 0;
        if (again) {
            negotiate();
        } else {
            followLink();
        }
    }
}
