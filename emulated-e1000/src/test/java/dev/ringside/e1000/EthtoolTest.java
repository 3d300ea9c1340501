package dev.ringside.e1000;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What Linux's {@code ethtool -t} looks at. */
class EthtoolTest {
    private static final int[] PATTERNS = {0x5a5a5a5a, 0xa5a5a5a5, 0, 0xffffffff};

    private final TestDriver driver = new TestDriver();

    @ParameterizedTest
    @CsvSource({
        "FCAL, ffffffff, ffffffff",
        "FCAH, 0000ffff, ffffffff",
        "FCT, 0000ffff, ffffffff",
        "VET, 0000ffff, ffffffff",
        "RDTR, 0000ffff, ffffffff",
        "RDBAH, ffffffff, ffffffff",
        "RDLEN, 000fff80, 000fffff",
        "RDH, 0000ffff, 0000ffff",
        "RDT, 0000ffff, 0000ffff",
        "FCRTH, 0000fff8, 0000fff8",
        "FCTTV, 0000ffff, 0000ffff",
        "TIPG, 3fffffff, 3fffffff",
        "TDBAH, ffffffff, ffffffff",
        "TDLEN, 000fff80, 000fffff",
        "RDBAL, fffffff0, ffffffff",
        "TXCW, c000ffff, 0000ffff",
        "TDBAL, fffffff0, ffffffff",
        "TIDV, 0000ffff, 0000ffff"
    })
    void shouldStoreTheWritableBits(Register register, String mask, String written) {
        int writable = Integer.parseUnsignedInt(mask, 16);
        int bits = Integer.parseUnsignedInt(written, 16);
        for (int pattern : PATTERNS) {
            driver.write(register, pattern & bits);
            assertThat(driver.read(register)).isEqualTo(pattern & bits & writable);
        }
    }

    @Test
    void shouldStoreEveryAddressAndTableEntry() {
        for (int pattern : PATTERNS) {
            for (int i = 0; i < 16; i++) {
                driver.card.write(Register.RA, 2 * i + 1, pattern);
                assertThat(driver.card.read(Register.RA, 2 * i + 1)).isEqualTo(pattern & 0x8003ffff);
            }
            for (int i = 0; i < 128; i++) {
                driver.card.write(Register.MTA, i, pattern);
                assertThat(driver.card.read(Register.MTA, i)).isEqualTo(pattern);
            }
        }
    }

    @Test
    void shouldKeepStatusReadOnly() {
        int before = driver.read(Register.STATUS);
        driver.write(Register.STATUS, 0xfffff833);
        assertThat(driver.read(Register.STATUS)).isEqualTo(before);
    }

    @Test
    void shouldInterruptForEachCauseUnlessMasked() {
        driver.write(Register.IMC, -1);
        for (int i = 0; i < 10; i++) {
            int cause = 1 << i;
            driver.write(Register.IMC, cause);
            driver.write(Register.ICS, cause);
            assertThat(driver.bus.asserted).isFalse();
            driver.write(Register.IMS, cause);
            driver.write(Register.ICS, cause);
            assertThat(driver.bus.asserted).isTrue();
            assertThat(driver.read(Register.ICR)).isEqualTo(cause);
            assertThat(driver.bus.asserted).isFalse();
            driver.write(Register.IMC, ~cause & 0x7fff);
            driver.write(Register.ICS, ~cause & 0x7fff);
            assertThat(driver.bus.asserted).isFalse();
            driver.read(Register.ICR);
        }
    }

    @Test
    void shouldReadTheEepromByItsWires() {
        int sum = 0;
        for (int word = 0; word < 64; word++) {
            sum += readByWires(word);
        }
        assertThat(sum & 0xffff).isEqualTo(0xbaba);
        assertThat(readByWires(0)).isEqualTo(0x5452);
        assertThat(readByWires(2)).isEqualTo(0x5634);
    }

    @Test
    void shouldWriteTheEepromByItsWires() {
        wires(0x13 << 4, 9);
        deselect();
        wires(5 << 6 | 0x10, 9);
        wires(0x1234, 16);
        deselect();
        assertThat(readByWires(0x10)).isEqualTo(0x1234);
        wires(0x10 << 4, 9);
        deselect();
        wires(5 << 6 | 0x10, 9);
        wires(0x4321, 16);
        deselect();
        assertThat(readByWires(0x10)).isEqualTo(0x1234);
    }

    @Test
    void shouldReadTheEepromByEerd() {
        driver.write(Register.EERD, 1 << 8 | 1);
        assertThat(driver.read(Register.EERD)).isEqualTo(0x1200 << 16 | 1 << 8 | 1 << 4);
    }

    private void deselect() {
        driver.write(Register.EECD, 0);
    }

    private void wires(int bits, int count) {
        for (int i = count - 1; i >= 0; i--) {
            int data = Microwire.CS | ((bits >> i & 1) != 0 ? Microwire.DI : 0);
            driver.write(Register.EECD, data);
            driver.write(Register.EECD, data | Microwire.SK);
            driver.write(Register.EECD, data);
        }
    }

    private int readByWires(int word) {
        wires(6 << 6 | word, 9);
        int value = 0;
        for (int i = 0; i < 16; i++) {
            driver.write(Register.EECD, Microwire.CS | Microwire.SK);
            value = value << 1 | ((driver.read(Register.EECD) & Microwire.DO) != 0 ? 1 : 0);
            driver.write(Register.EECD, Microwire.CS);
        }
        deselect();
        return value;
    }
}
