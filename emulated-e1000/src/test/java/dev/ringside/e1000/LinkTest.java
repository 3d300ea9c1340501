package dev.ringside.e1000;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LinkTest {
    private static final int LU = 2;
    private static final int READ = 2 << 26 | 1 << 21;
    private static final int WRITE = 1 << 26 | 1 << 21;
    private static final long SECOND = 1_000_000_000L;

    private final TestDriver driver = new TestDriver();

    private int phyRead(int register) {
        driver.write(Register.MDIC, READ | register << 16);
        assertThat(driver.read(Register.MDIC) >>> 28 & 5).as("ready, no error").isEqualTo(1);
        return driver.read(Register.MDIC) & 0xffff;
    }

    private void phyWrite(int register, int value) {
        driver.write(Register.MDIC, WRITE | register << 16 | value);
    }

    private boolean isUp() {
        return (driver.read(Register.STATUS) & LU) != 0;
    }

    @Test
    void shouldIdentifyThePhy() {
        assertThat(phyRead(2)).isEqualTo(0x0141);
        assertThat(phyRead(3)).isEqualTo(0x0c20);
    }

    @Test
    void shouldRefuseOtherPhyAddresses() {
        driver.write(Register.MDIC, 2 << 26 | 2 << 21);
        assertThat(driver.read(Register.MDIC) >>> 28 & 5).isEqualTo(5);
    }

    @Test
    void shouldGoDownAndUpWhenNegotiationRestarts() {
        assertThat(isUp()).isTrue();
        phyRead(1);
        assertThat(phyRead(1) & 4).isNotZero();
        phyWrite(0, 0x1340);
        assertThat(isUp()).isFalse();
        assertThat(driver.read(Register.ICR)).isEqualTo(Interrupts.LSC);
        driver.timers.advance(SECOND);
        assertThat(isUp()).isTrue();
        assertThat(driver.read(Register.ICR)).isEqualTo(Interrupts.LSC);
        assertThat(phyRead(1) & 4).as("has been down").isZero();
        assertThat(phyRead(1) & 4).isNotZero();
    }

    @Test
    void shouldFollowTheCable() {
        driver.card.phy().cable(false);
        assertThat(isUp()).isFalse();
        driver.timers.advance(SECOND);
        assertThat(isUp()).isFalse();
        driver.card.phy().cable(true);
        driver.timers.advance(SECOND);
        assertThat(isUp()).isTrue();
    }

    @Test
    void shouldKeepThePhyThroughAReset() {
        phyWrite(24, 0x4711);
        driver.write(Register.CTRL, 1 << 26);
        assertThat(phyRead(24)).isEqualTo(0x4711);
        driver.write(Register.CTRL, 1 << 31);
        assertThat(phyRead(24)).isEqualTo(0x4100);
    }

    @Test
    void shouldShowForcedSpeeds() {
        phyWrite(0, 0x2100);
        assertThat(driver.read(Register.STATUS) >> 6 & 3).isEqualTo(1);
        assertThat(isUp()).isTrue();
        phyWrite(0, 0x0900);
        assertThat(isUp()).as("powered down").isFalse();
    }

    @Test
    void shouldLoadItsAddressAtReset() {
        driver.card.write(Register.RA, 0, 0);
        driver.write(Register.CTRL, 1 << 26);
        assertThat(driver.card.read(Register.RA, 0)).isEqualTo(0x12005452);
        assertThat(driver.card.read(Register.RA, 1)).isEqualTo(0x80005634);
    }

    @Test
    void shouldCountTo64Bits() {
        Statistics statistics = new Statistics(new RegisterFile());
        for (int i = 0; i < 3; i++) {
            statistics.sent(1 << 21, 1514, 0);
        }
        long bytes = 3L * (1 << 21) * 1514;
        assertThat(statistics.read(Register.GOTCL)).isEqualTo((int) bytes);
        assertThat(statistics.read(Register.GOTCH)).isEqualTo((int) (bytes >> 32));
    }
}
