package dev.ringside.e1000;

import dev.ringside.link.Frame;
import dev.ringside.pci.ConfigSpace;

/** The card's parts, and what reading and writing each register does to them (§13.4). */
final class Card {
    private static final int CTRL_RST = 1 << 26;
    private static final int CTRL_PHY_RST = 1 << 31;
    /** TCTL: software asks the partner to stop; reads 0, as it is done at once (§13.4.33). */
    private static final int TCTL_SWXOFF = 1 << 22;

    /** CTRL_EXT: general purpose interrupt 1, which the PHY's pin is wired to, is let through. */
    private static final int CTRL_EXT_GPI1_EN = 1 << 1;

    private static final int CTRL_EXT_PHYINT = 1 << 5;
    private static final int CTRL_EXT_EE_RST = 1 << 13;

    private static final int FLUSH = 1 << 31;
    private static final int EERD_START = 1;
    private static final int EERD_DONE = 1 << 4;
    private static final int EERD_ADDRESS_SHIFT = 8;
    private static final int EERD_DATA_SHIFT = 16;
    private static final int RAH_VALID = 1 << 31;

    private final RegisterFile registers = new RegisterFile();
    private final Host host;
    private final Interrupts interrupts;
    private final Statistics statistics = new Statistics(registers);
    private final Eeprom eeprom;
    private final Microwire microwire;
    private final Phy phy;
    private final MdiControl mdi;
    private final MacLink link;
    private final PauseFrames pause;
    private final Receiver receiver;
    private final Transmitter transmitter;
    private final Loopback loopback;
    private Transmitter.Output output = frame -> true;

    Card(Eeprom eeprom, ConfigSpace config, Timers timers) {
        this.eeprom = eeprom;
        host = new Host(config);
        interrupts = new Interrupts(registers, timers, host::interrupt);
        microwire = new Microwire(eeprom);
        phy = new Phy(timers, this::linkChanged, this::phyInterrupt);
        mdi = new MdiControl(registers, phy, interrupts);
        link = new MacLink(registers, phy, () -> interrupts.raise(Interrupts.LSC));
        pause = new PauseFrames(registers, statistics, timers, this::sendingResumed, this::send);
        receiver = new Receiver(registers, host, interrupts, statistics, pause, timers, link);
        loopback = new Loopback(receiver);
        transmitter = new Transmitter(registers, host, interrupts, statistics, pause, timers, this::send);
        loadAddress();
    }

    private void linkChanged() {
        link.update();
    }

    private void phyInterrupt() {
        if (registers.has(Register.CTRL_EXT, CTRL_EXT_GPI1_EN)) {
            interrupts.raise(Interrupts.PHYINT);
        }
    }

    /** What kept frames from being sent is over. */
    void sendingResumed() {
        transmitter.resume();
    }

    private boolean send(Frame frame) {
        if (link.isLoopback()) {
            loopback.send(frame);
            return true;
        }
        return !link.isUp() || output.send(frame);
    }

    private void loadAddress() {
        registers.set(Register.RA, 0, eeprom.ral());
        registers.set(Register.RA, 1, eeprom.rahAddress() | RAH_VALID);
    }

    Host host() {
        return host;
    }

    Interrupts interrupts() {
        return interrupts;
    }

    Phy phy() {
        return phy;
    }

    /** Where frames go. */
    void output(Transmitter.Output to) {
        output = to;
    }

    /** Where frames come in. */
    Receiver receiver() {
        return receiver;
    }

    /** The driver may have allowed bus mastering, or woken the card. */
    void busChanged() {
        host.drive();
        transmitter.run();
        receiver.proceed();
    }

    /** Reads a register, with all that follows from it. */
    int read(Register register, int index) {
        return switch (register) {
            case STATUS -> link.status();
            case CTRL_EXT -> registers.get(register) | (phy.isInterrupting() ? CTRL_EXT_PHYINT : 0);
            case EECD -> microwire.read();
            case ICR -> interrupts.readIcr();
            case ICS, IMC -> 0;
            default -> register.isStatistic() ? statistics.read(register) : registers.get(register, index);
        };
    }

    /** Writes a register, with all that follows from it. */
    void write(Register register, int index, int value) {
        registers.write(register, index, value);
        switch (register) {
            case CTRL -> control(value);
            case CTRL_EXT -> {
                // ASDCHK asks for STATUS.ASDV, which is never out of date.
                if ((value & CTRL_EXT_EE_RST) != 0) {
                    loadAddress();
                }
            }
            case EECD -> microwire.write(value);
            case EERD -> readEeprom(value);
            case MDIC -> mdi.write(value);
            case ICR -> interrupts.clear(value);
            case ICS -> interrupts.raise(value);
            case IMS -> interrupts.unmask(value);
            case IMC -> interrupts.mask(value);
            case ITR -> interrupts.throttleChanged();
            case RCTL -> receiver.enableChanged();
            case RDBAL, RDBAH, RDLEN, RDH -> receiver.ringChanged();
            case RDT -> receiver.proceed();
            case RDTR -> {
                if ((value & FLUSH) != 0) {
                    receiver.flushDelay();
                }
            }
            case TDBAL, TDBAH, TDLEN, TDH -> transmitter.ringChanged();
            case TCTL -> {
                if ((value & TCTL_SWXOFF) != 0) {
                    pause.send(registers.get(Register.FCTTV));
                }
                transmitter.run();
            }
            case TDT -> transmitter.run();
            case TIDV -> {
                if ((value & FLUSH) != 0) {
                    transmitter.flushDelay();
                }
            }
            default -> {}
        }
    }

    private void control(int value) {
        if ((value & CTRL_PHY_RST) != 0) {
            phy.reset();
        }
        if ((value & CTRL_RST) != 0) {
            reset();
        }
        link.update();
    }

    private void readEeprom(int value) {
        if ((value & EERD_START) != 0) {
            int data = eeprom.read(value >>> EERD_ADDRESS_SHIFT & 0xff);
            registers.set(Register.EERD, data << EERD_DATA_SHIFT | (value & 0xff << EERD_ADDRESS_SHIFT) | EERD_DONE);
        }
    }

    /** The MAC as after CTRL.RST; the PHY goes on. */
    void reset() {
        registers.reset();
        restart();
    }

    private void restart() {
        loadAddress();
        microwire.reset();
        pause.reset();
        interrupts.reset();
        transmitter.reset();
        receiver.reset();
        link.update();
        // What the reset did to the link is no news.
        registers.set(Register.ICR, 0);
    }

    /** Everything as at power-on. */
    void powerOn() {
        phy.reset();
        registers.powerOn();
        restart();
    }
}
