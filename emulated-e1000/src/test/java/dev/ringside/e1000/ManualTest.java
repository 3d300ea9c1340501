package dev.ringside.e1000;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What Intel's manual promises, and Linux's driver never asks for. */
class ManualTest {
    private static final int CTRL_RST = 1 << 26;
    private static final int MDIC_PHY = 1 << 21;
    private static final int MDIC_WRITE = 1 << 26;
    private static final int MDIC_READ = 2 << 26;
    private static final int MDIC_INTERRUPT = 1 << 29;
    private static final int GPI1_EN = 1 << 1;
    private static final int PHYINT = 1 << 5;
    private static final int ASDCHK = 1 << 12;
    private static final int EE_RST = 1 << 13;
    private static final int LINK_CHANGED = 0x0400;
    private static final long SECOND = 1_000_000_000L;

    private final TestDriver driver = new TestDriver();

    private int phyRead(int register) {
        driver.write(Register.MDIC, MDIC_PHY | MDIC_READ | register << 16);
        return driver.read(Register.MDIC) & 0xffff;
    }

    private void phyWrite(int register, int value) {
        driver.write(Register.MDIC, MDIC_PHY | MDIC_WRITE | register << 16 | value);
    }

    @Test
    void shouldSplitThePacketBuffer() {
        assertThat(driver.read(Register.PBA)).isEqualTo(0x00100030);
        driver.write(Register.PBA, 0x28);
        assertThat(driver.read(Register.PBA)).isEqualTo(0x00180028);
        driver.write(Register.PBA, 0xffff_ff80);
        assertThat(driver.read(Register.PBA)).as("only seven bits are writable").isEqualTo(0x00400000);
        driver.write(Register.PBA, 0x7f);
        assertThat(driver.read(Register.PBA)).as("more than there is").isEqualTo(0x0000007f);
    }

    @Test
    void shouldKeepTheSplitThroughTheResetThatMakesItTakeEffect() {
        driver.write(Register.PBA, 0x20);
        driver.write(Register.CTRL, CTRL_RST);
        assertThat(driver.read(Register.PBA)).isEqualTo(0x00200020);
        driver.card.powerOn();
        assertThat(driver.read(Register.PBA)).isEqualTo(0x00100030);
    }

    @Test
    void shouldReadTheEepromAgain() {
        driver.card.write(Register.RA, 0, 0);
        driver.write(Register.TIPG, 0x123);
        driver.write(Register.CTRL_EXT, EE_RST);
        assertThat(driver.card.read(Register.RA, 0)).isEqualTo(0x12005452);
        assertThat(driver.read(Register.TIPG))
                .as("everything else is left alone")
                .isEqualTo(0x123);
        assertThat(driver.read(Register.CTRL_EXT)).as("clears itself").isZero();
    }

    @Test
    void shouldDetectTheSpeed() {
        phyWrite(0, 0x2100);
        driver.write(Register.CTRL_EXT, ASDCHK);
        assertThat(driver.read(Register.STATUS) >> 8 & 3).isEqualTo(1);
        assertThat(driver.read(Register.CTRL_EXT)).as("clears itself").isZero();
    }

    @Test
    void shouldInterruptWhenAnMdiAccessIsComplete() {
        phyRead(2);
        assertThat(driver.read(Register.ICR)).as("not asked for").isZero();
        driver.write(Register.IMS, Interrupts.MDAC);
        driver.write(Register.MDIC, MDIC_PHY | MDIC_READ | MDIC_INTERRUPT | 2 << 16);
        assertThat(driver.bus.asserted).isTrue();
        assertThat(driver.read(Register.ICR)).isEqualTo(Interrupts.MDAC);
        assertThat(driver.read(Register.MDIC) & 0xffff).isEqualTo(0x0141);
    }

    @Test
    void shouldInterruptForThePhy() {
        phyRead(19);
        phyWrite(18, LINK_CHANGED);
        driver.write(Register.CTRL_EXT, GPI1_EN);
        driver.card.phy().cable(false);
        assertThat(driver.read(Register.ICR)).isEqualTo(Interrupts.PHYINT | Interrupts.LSC);
        assertThat(driver.read(Register.CTRL_EXT) & PHYINT).isNotZero();
        driver.card.phy().cable(true);
        driver.timers.advance(SECOND);
        assertThat(driver.read(Register.ICR)).as("asserted all the time").isEqualTo(Interrupts.LSC);
        assertThat(phyRead(19) & LINK_CHANGED).isNotZero();
        assertThat(phyRead(19)).as("reading clears").isZero();
        assertThat(driver.read(Register.CTRL_EXT) & PHYINT).isZero();
    }

    @Test
    void shouldNotInterruptForThePhyUnasked() {
        phyWrite(18, LINK_CHANGED);
        driver.card.phy().cable(false);
        assertThat(driver.read(Register.ICR)).as("CTRL_EXT holds it back").isEqualTo(Interrupts.LSC);
        phyRead(19);
        phyWrite(18, 0);
        driver.write(Register.CTRL_EXT, GPI1_EN);
        driver.card.phy().cable(true);
        driver.timers.advance(SECOND);
        assertThat(driver.read(Register.ICR)).as("the PHY holds it back").isEqualTo(Interrupts.LSC);
        assertThat(phyRead(19) & LINK_CHANGED).as("and still tells").isNotZero();
    }

    @Test
    void shouldShowThatNothingWokeTheCard() {
        driver.write(Register.WUPL, -1);
        driver.write(Register.WUPM, -1);
        driver.write(Register.WUS, -1);
        assertThat(driver.read(Register.WUPL)).isZero();
        assertThat(driver.read(Register.WUPM)).isZero();
        assertThat(driver.read(Register.WUS)).isZero();
    }

    @Test
    void shouldFindTheFifoPointersAtTheirOldAddresses() {
        assertThat(Register.at(0x8000)).isEqualTo(Register.RDFH);
        assertThat(Register.at(0x8008)).isEqualTo(Register.RDFT);
        assertThat(Register.at(0x8010)).isEqualTo(Register.TDFH);
        assertThat(Register.at(0x8018)).isEqualTo(Register.TDFT);
    }
}
