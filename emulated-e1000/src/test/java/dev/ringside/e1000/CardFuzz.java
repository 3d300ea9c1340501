package dev.ringside.e1000;

import dev.ringside.fuzz.FuzzInput;
import dev.ringside.fuzz.FuzzTarget;

/**
 * The card's registers, descriptors and time, as a guest has them; and frames that come meanwhile. However much there is to
 * send, one access leads to no more than so many frames: others wait for their turn.
 */
public final class CardFuzz implements FuzzTarget {
    private static final int MAX_STEPS = 400;
    private static final Register[] REGISTERS = Register.values();

    /** A ring that is full: of frames, far more than are sent in one go, or of one packet without an end. */
    private static final int LONG_RING = 0x80000;

    private static final int LONG = 1024;

    @Override
    public void execute(FuzzInput input) {
        TestDriver driver = new TestDriver();
        int how = input.u8();
        if ((how & 1) != 0) {
            driver.bus.remote();
        }
        if ((how & 2) != 0) {
            driver.startTransmit();
        }
        if ((how & 4) != 0) {
            driver.startReceive(how << 12);
        }
        if ((how & 8) != 0) {
            fillLongRing(driver, (how & 0x10) != 0 ? TestDriver.RS : TestDriver.EOP);
            checkSent(driver);
        }
        for (int step = 0; input.hasMore() && step < MAX_STEPS; step++) {
            step(driver, input);
        }
        driver.bus.complete();
    }

    private static void step(TestDriver driver, FuzzInput input) {
        int what = input.u8();
        switch (what % 10) {
            case 0 -> {
                Register register = REGISTERS[input.below(REGISTERS.length)];
                driver.card.write(register, input.u8() % register.count(), input.i32());
            }
            case 1 -> {
                Register register = REGISTERS[input.below(REGISTERS.length)];
                driver.card.read(register, input.u8() % register.count());
            }
            case 2, 3 -> descriptor(driver, input, TestDriver.TX_RING);
            case 4 -> descriptor(driver, input, TestDriver.RX_RING);
            case 5 -> driver.write(Register.TDT, input.below(TestDriver.RING));
            case 6 -> driver.write(Register.RDT, input.below(TestDriver.RING));
            case 7 ->
                driver.receive(TestDriver.frame(
                        input.bool() ? 0x5254_0012_3456L : input.i64(), input.u16(), 14 + input.u16() % 2000));
            case 8 -> {
                driver.timers.advance(input.u16() * 1000L);
                // As many turns as fell due.
                driver.sent.clear();
            }
            default -> {
                if (what >= 0x80) {
                    packet(driver, input);
                }
                driver.bus.complete();
                driver.sent.clear();
            }
        }
        checkSent(driver);
    }

    private static void checkSent(TestDriver driver) {
        if (driver.sent.size() > Transmitter.BUDGET) {
            throw new AssertionError(driver.sent.size() + " frames in one go");
        }
        driver.sent.clear();
    }

    private static void fillLongRing(TestDriver driver, int command) {
        for (int i = 0; i < LONG; i++) {
            driver.putLong(LONG_RING + 16L * i, TestDriver.TX_BUFFERS);
            driver.putLong(LONG_RING + 16L * i + 8, command | 64);
        }
        driver.write(Register.TDBAL, LONG_RING);
        driver.write(Register.TDLEN, LONG * 16);
        driver.write(Register.TDT, LONG - 1);
    }

    /** A packet to be checksummed or cut, as drivers make them; only where headers are may be anywhere. */
    private static void packet(TestDriver driver, FuzzInput input) {
        int at = driver.read(Register.TDT) % TestDriver.RING;
        long places = 14 | input.u8() << 8 | input.u8() << 16 | 34L << 32 | (long) input.u8() << 40;
        long segments = 54L << 40 | (long) input.u8() << 48;
        int kind = input.below(8) << 24 | TestDriver.DEXT;
        put(driver, at, places, segments | kind);
        int popts = input.u8();
        int bytes = input.u16() % 4096;
        put(driver, at + 1, TestDriver.TX_BUFFERS, (long) popts << 40 | kind | TestDriver.EOP | 1 << 20 | bytes);
        driver.write(Register.TDT, (at + 2) % TestDriver.RING);
    }

    private static void put(TestDriver driver, int index, long low, long high) {
        long descriptor = TestDriver.TX_RING + 16L * (index % TestDriver.RING);
        driver.putLong(descriptor, low);
        driver.putLong(descriptor + 8, high);
    }

    /** Mostly of a kind that the card knows, and with a buffer that there is. */
    private static void descriptor(TestDriver driver, FuzzInput input, int ring) {
        int how = input.u8();
        long at = ring + 16L * (how & 15);
        long address = (how & 0x10) != 0 ? input.i64() : TestDriver.TX_BUFFERS + (long) input.u16();
        long command =
                (how & 0x20) != 0 ? input.i64() : (long) input.u8() << 24 | (long) input.u8() << 36 | input.u16();
        driver.putLong(at, address);
        driver.putLong(at + 8, command | ((how & 0x40) != 0 ? (long) input.u16() << 48 : 0));
    }
}
