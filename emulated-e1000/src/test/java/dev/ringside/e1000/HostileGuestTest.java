package dev.ringside.e1000;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a guest writes, wherever its rings are, whenever it resets: nothing is thrown, and the card works afterwards. */
class HostileGuestTest {
    private static final int STEPS = 20_000;
    private static final Register[] REGISTERS = Register.values();
    private static final Register[] RINGS = {
        Register.TDBAL,
        Register.TDBAH,
        Register.TDLEN,
        Register.TDH,
        Register.TDT,
        Register.RDBAL,
        Register.RDBAH,
        Register.RDLEN,
        Register.RDH,
        Register.RDT,
        Register.TCTL,
        Register.RCTL,
        Register.CTRL
    };

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void shouldSurviveAnything(long seed) {
        Random random = new Random(seed);
        TestDriver driver = new TestDriver();
        if (seed % 2 == 0) {
            driver.bus.remote();
        }
        for (int i = 0; i < FakeBus.BYTES; i += 8) {
            driver.putLong(i, descriptorHalf(random));
        }
        driver.startTransmit();
        driver.startReceive(1 << 5);
        for (int i = 0; i < STEPS; i++) {
            step(driver, random);
        }
        driver.bus.complete();
        driver.write(Register.CTRL, 1 << 26);
        driver.write(Register.CTRL, 1 << 6);
        driver.card.phy().reset();
        driver.timers.advance(1_000_000_000L);
        driver.bus.complete();
        driver.sent.clear();
        driver.startTransmit();
        driver.putLong(TestDriver.TX_RING, TestDriver.TX_BUFFERS);
        driver.putLong(TestDriver.TX_RING + 8, TestDriver.EOP | TestDriver.IFCS | TestDriver.RS | 100);
        driver.write(Register.TDT, 1);
        driver.bus.complete();
        assertThat(driver.sent).hasSize(1);
        driver.startReceive(0);
        driver.receive(TestDriver.frame(0x5254_0012_3456L, 0x0800, 100));
        driver.bus.complete();
        assertThat(driver.received(0)).hasSize(104);
    }

    /** Addresses mostly within memory; commands mostly of a kind that the card knows. */
    private static long descriptorHalf(Random random) {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextLong();
            case 1 -> random.nextInt(FakeBus.BYTES);
            case 2 -> (long) random.nextInt(256) << 24 | random.nextInt(3000) | (long) random.nextInt() << 32;
            default -> 0x2b000000L | random.nextInt(2000) | (long) random.nextInt(2) << 20;
        };
    }

    private static void step(TestDriver driver, Random random) {
        switch (random.nextInt(10)) {
            case 0 -> {
                Register register = REGISTERS[random.nextInt(REGISTERS.length)];
                driver.card.write(register, random.nextInt(register.count()), random.nextInt());
            }
            case 1, 2 -> {
                Register register = RINGS[random.nextInt(RINGS.length)];
                driver.card.write(register, 0, random.nextInt() >>> random.nextInt(32));
            }
            case 3 -> {
                Register register = REGISTERS[random.nextInt(REGISTERS.length)];
                driver.card.read(register, random.nextInt(register.count()));
            }
            case 4 ->
                driver.receive(TestDriver.frame(
                        0x5254_0012_3456L, 0x0800, 14 + random.nextInt(random.nextBoolean() ? 100 : 16000)));
            case 5 -> driver.timers.advance(random.nextInt(1_000_000));
            case 6 -> driver.bus.complete();
            case 7 -> {
                driver.startTransmit();
                driver.startReceive(random.nextInt());
            }
            case 8 -> driver.write(Register.TDT, random.nextInt(TestDriver.RING));
            default -> driver.write(Register.RDT, random.nextInt(TestDriver.RING));
        }
        driver.sent.clear();
    }
}
