package dev.ringside.e1000;

import java.util.function.Consumer;

/**
 * Interrupt causes, their mask, and the rate at which the pin may be asserted (§13.4.17 to §13.4.21). The pin is asserted as
 * long as a cause that is not masked is pending: reading ICR, or masking, deasserts it.
 */
final class Interrupts {
    /** A transmit descriptor was written back. */
    static final int TXDW = 1;
    /** The transmit ring has become empty. */
    static final int TXQE = 1 << 1;
    /** The link went up or down. */
    static final int LSC = 1 << 2;
    /** Receive descriptors are running out. */
    static final int RXDMT0 = 1 << 4;
    /** A frame was lost for want of room. */
    static final int RXO = 1 << 6;
    /** Frames were received. */
    static final int RXT0 = 1 << 7;
    /** An MDI access is complete. */
    static final int MDAC = 1 << 9;
    /** The PHY wants something (general purpose interrupt 1). */
    static final int PHYINT = 1 << 12;
    /** Transmit descriptors are running out. */
    static final int TXD_LOW = 1 << 15;
    /** A small packet was received. */
    static final int SRPD = 1 << 16;

    private static final int CAUSES = 0x0001ffff;
    private static final long ITR_UNIT_NANOS = 256;

    private final RegisterFile registers;
    private final Timers timers;
    private final Consumer<Boolean> pin;
    private boolean asserted;
    private boolean scheduled;
    private long quietUntil;
    private long count;

    /** @param pin driven at each change */
    Interrupts(RegisterFile registers, Timers timers, Consumer<Boolean> pin) {
        this.registers = registers;
        this.timers = timers;
        this.pin = pin;
        this.quietUntil = timers.nanos();
    }

    /** Something happened that a driver may want to know. */
    void raise(int causes) {
        registers.set(Register.ICR, registers.get(Register.ICR) | (causes & CAUSES));
        update();
    }

    /** Reads ICR, and clears it. */
    int readIcr() {
        int causes = registers.get(Register.ICR);
        clear(causes);
        return causes;
    }

    /** Clears causes. */
    void clear(int causes) {
        registers.set(Register.ICR, registers.get(Register.ICR) & ~causes);
        update();
    }

    /** Lets causes through. */
    void unmask(int causes) {
        registers.set(Register.IMS, registers.get(Register.IMS) | (causes & CAUSES));
        update();
    }

    /** Holds causes back. */
    void mask(int causes) {
        registers.set(Register.IMS, registers.get(Register.IMS) & ~causes);
        update();
    }

    /** ITR was written: a rate that has become higher takes effect at once. */
    void throttleChanged() {
        long latest = timers.nanos() + interval();
        if (quietUntil - latest > 0) {
            quietUntil = latest;
        }
        update();
    }

    private long interval() {
        return (registers.get(Register.ITR) & 0xffff) * ITR_UNIT_NANOS;
    }

    private void update() {
        boolean wanted = (registers.get(Register.ICR) & registers.get(Register.IMS)) != 0;
        if (wanted == asserted) {
            return;
        }
        if (!wanted) {
            drive(false);
            return;
        }
        long now = timers.nanos();
        if (now - quietUntil >= 0) {
            quietUntil = now + interval();
            count++;
            drive(true);
        } else if (!scheduled) {
            scheduled = true;
            timers.after(quietUntil - now, this::wake);
        }
    }

    private void wake() {
        scheduled = false;
        update();
    }

    private void drive(boolean level) {
        asserted = level;
        pin.accept(level);
    }

    /** The registers have been reset. */
    void reset() {
        quietUntil = timers.nanos();
        if (asserted) {
            drive(false);
        }
    }

    /** How often the pin was asserted. */
    long count() {
        return count;
    }
}
