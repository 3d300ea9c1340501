package dev.ringside.e1000;

import static dev.ringside.e1000.TestDriver.RCTL_BAM;
import static dev.ringside.e1000.TestDriver.RCTL_SECRC;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReceiveTest {
    private static final long OWN = 0x5254_0012_3456L;
    private static final long OTHER = 0x5254_00ab_cdefL;
    private static final long BROADCAST = 0xffff_ffff_ffffL;
    private static final long GROUP = 0x0100_5e01_0203L;
    private static final int UPE = 1 << 3;
    private static final int MPE = 1 << 4;
    private static final int LPE = 1 << 5;
    private static final int VFE = 1 << 18;
    private static final int BSIZE_256 = 3 << 16;

    private static final int DD_EOP = 3;
    private static final int VP = 1 << 3;

    private final TestDriver driver = new TestDriver();

    private int status(int index) {
        return (int) (driver.rxBits(index) >> 32) & 0xff;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldReceiveAFrameWithItsFcs(boolean remote) {
        if (remote) {
            driver.bus.remote();
        }
        driver.startReceive(0);
        byte[] frame = TestDriver.frame(OWN, 0x0800, 100);
        assertThat(driver.receive(frame)).isTrue();
        driver.bus.complete();
        assertThat(status(0) & DD_EOP).isEqualTo(DD_EOP);
        byte[] received = driver.received(0);
        assertThat(received).hasSize(104);
        assertThat(Arrays.copyOf(received, 100)).isEqualTo(frame);
        CRC32 crc = new CRC32();
        crc.update(frame);
        assertThat(received[100]).isEqualTo((byte) crc.getValue());
        assertThat(received[103]).isEqualTo((byte) (crc.getValue() >> 24));
        assertThat(driver.read(Register.RDH)).isEqualTo(1);
        assertThat(driver.read(Register.ICR) & Interrupts.RXT0).isNotZero();
        assertThat(driver.read(Register.GPRC)).isEqualTo(1);
        assertThat(driver.read(Register.GORCL)).isEqualTo(104);
        assertThat(driver.read(Register.PRC127)).isEqualTo(1);
    }

    @Test
    void shouldStripTheFcsAndPad() {
        driver.startReceive(RCTL_SECRC);
        driver.receive(TestDriver.frame(OWN, 0x0806, 42));
        assertThat(driver.received(0)).hasSize(60);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldSpreadAFrameOverBuffers(boolean remote) {
        if (remote) {
            driver.bus.remote();
        }
        driver.startReceive(RCTL_SECRC | BSIZE_256);
        byte[] frame = TestDriver.frame(OWN, 0x0800, 600);
        driver.receive(frame);
        driver.bus.complete();
        assertThat(status(0) & DD_EOP).isEqualTo(1);
        assertThat(status(1) & DD_EOP).isEqualTo(1);
        assertThat(status(2) & DD_EOP).isEqualTo(DD_EOP);
        assertThat(driver.received(0)).isEqualTo(Arrays.copyOfRange(frame, 0, 256));
        assertThat(driver.received(1)).isEqualTo(Arrays.copyOfRange(frame, 256, 512));
        assertThat(driver.received(2)).isEqualTo(Arrays.copyOfRange(frame, 512, 600));
        assertThat(driver.read(Register.RDH)).isEqualTo(3);
    }

    @ParameterizedTest
    @CsvSource({"1522, false, true", "1523, false, false", "9018, true, true", "16384, true, true", "16385, true, false"
    })
    void shouldReceiveLongFramesIfTheDriverLikes(int wireBytes, boolean lpe, boolean passes) {
        driver.startReceive(lpe ? LPE : 0);
        driver.receive(TestDriver.frame(OWN, 0x0800, wireBytes - 4));
        assertThat(driver.read(Register.GPRC)).isEqualTo(passes ? 1 : 0);
        assertThat(driver.read(Register.ROC)).isEqualTo(passes ? 0 : 1);
        assertThat(driver.read(Register.RLEC)).isEqualTo(passes ? 0 : 1);
        assertThat(driver.read(Register.TPR)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {2000, 20000})
    void shouldNotMindLongFramesForOthers(int bytes) {
        driver.startReceive(0);
        driver.receive(TestDriver.frame(OTHER, 0x0800, bytes));
        assertThat(driver.read(Register.ROC)).isZero();
        assertThat(driver.read(Register.TPR)).isEqualTo(1);
    }

    private boolean passes(long destination, int rctl) {
        driver.startReceive(rctl);
        driver.receive(TestDriver.frame(destination, 0x0800, 100));
        return driver.read(Register.GPRC) == 1;
    }

    @Test
    void shouldFilterByAddress() {
        assertThat(passes(OWN, 0)).isTrue();
        assertThat(passes(OTHER, 0)).isFalse();
        assertThat(passes(OTHER, UPE)).isTrue();
        assertThat(passes(BROADCAST, 0)).isFalse();
        assertThat(passes(BROADCAST, RCTL_BAM)).isTrue();
        assertThat(passes(GROUP, 0)).isFalse();
        assertThat(passes(GROUP, MPE)).isTrue();
        // MO 0 takes bits 47:36 of the address: 0x030 here.
        driver.card.write(Register.MTA, 0x30 >> 5, 1 << (0x30 & 31));
        assertThat(passes(GROUP, 0)).isTrue();
        driver.card.write(Register.RA, 2, 0xab005452);
        driver.card.write(Register.RA, 3, 0x8000efcd);
        assertThat(passes(OTHER, 0)).isTrue();
    }

    @Test
    void shouldFilterAndStripVlans() {
        byte[] frame = TestDriver.frame(OWN, 0x8100, 104);
        frame[14] = 0x20;
        frame[15] = 0x05;
        driver.startReceive(VFE | RCTL_SECRC);
        driver.receive(frame);
        assertThat(driver.read(Register.GPRC)).isZero();
        driver.card.write(Register.VFTA, 0, 1 << 5);
        driver.receive(frame);
        assertThat(driver.received(0)).isEqualTo(frame);
        assertThat(status(0) & VP).isZero();
        driver.write(Register.CTRL, driver.read(Register.CTRL) | 1 << 30);
        driver.receive(frame);
        assertThat(status(1) & VP).isNotZero();
        assertThat(driver.rxBits(1) >>> 48).isEqualTo(0x2005);
        byte[] stripped = driver.received(1);
        assertThat(stripped).hasSize(100);
        assertThat(Arrays.copyOf(stripped, 12)).isEqualTo(Arrays.copyOf(frame, 12));
        assertThat(Arrays.copyOfRange(stripped, 12, 100)).isEqualTo(Arrays.copyOfRange(frame, 16, 104));
    }

    @Test
    void shouldKeepAFrameUntilThereAreBuffers() {
        driver.startReceive(0);
        int[] again = {0};
        driver.card.receiver().onRoomAgain(() -> again[0]++);
        for (int i = 0; i < TestDriver.RING - 1; i++) {
            assertThat(driver.receive(TestDriver.frame(OWN, 0x0800, 100))).isTrue();
        }
        assertThat(driver.receive(TestDriver.frame(OWN, 0x0800, 101)))
                .as("waits in packet memory")
                .isTrue();
        assertThat(driver.receive(TestDriver.frame(OWN, 0x0800, 102)))
                .as("waits in the link")
                .isFalse();
        assertThat(driver.read(Register.RNBC)).isEqualTo(1);
        driver.write(Register.RDT, 3);
        assertThat(driver.received(TestDriver.RING - 1)).hasSize(105);
        assertThat(again[0]).isEqualTo(1);
    }

    @Test
    void shouldSayWhenDescriptorsRunLow() {
        driver.startReceive(0);
        for (int i = 0; i < 6; i++) {
            driver.receive(TestDriver.frame(OWN, 0x0800, 100));
        }
        assertThat(driver.read(Register.ICR) & Interrupts.RXDMT0).isZero();
        driver.receive(TestDriver.frame(OWN, 0x0800, 100));
        assertThat(driver.read(Register.ICR) & Interrupts.RXDMT0).isNotZero();
    }

    private static byte[] udp(boolean good) {
        byte[] frame = TestDriver.frame(OWN, 0x0800, 14 + 20 + 8 + 10);
        byte[] ip = {0x45, 0, 0, 38, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2};
        byte[] udp = {0, 53, 0, 53, 0, 18, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
        System.arraycopy(ip, 0, frame, 14, ip.length);
        System.arraycopy(udp, 0, frame, 34, udp.length);
        put(frame, 24, ~sum(frame, 14, 20, 0));
        put(frame, 40, ~sum(frame, 34, 18, sum(frame, 26, 8, 17 + 18)) + (good ? 0 : 1));
        return frame;
    }

    private static void put(byte[] bytes, int at, int value) {
        bytes[at] = (byte) (value >> 8);
        bytes[at + 1] = (byte) value;
    }

    private static int sum(byte[] bytes, int from, int count, int start) {
        int sum = start;
        for (int i = from; i < from + count; i += 2) {
            sum += (bytes[i] & 0xff) << 8 | (bytes[i + 1] & 0xff);
        }
        return (sum & 0xffff) + (sum >> 16);
    }

    @Test
    void shouldVerifyChecksums() {
        driver.write(Register.RXCSUM, 0x300);
        driver.startReceive(0);
        driver.receive(udp(true));
        assertThat(status(0) & 0x64).isEqualTo(0x60);
        assertThat(driver.rxBits(0) >> 40 & 0xff).isZero();
        driver.receive(udp(false));
        assertThat(driver.rxBits(1) >> 40 & 0xff).isEqualTo(0x20);
        driver.write(Register.RXCSUM, 0);
        driver.receive(udp(true));
        assertThat(status(2) & 0x64).isEqualTo(4);
    }

    @Test
    void shouldPutTheInterruptOff() {
        driver.startReceive(0);
        driver.write(Register.IMS, Interrupts.RXT0);
        driver.write(Register.RDTR, 10);
        driver.write(Register.RADV, 15);
        driver.receive(TestDriver.frame(OWN, 0x0800, 100));
        driver.timers.advance(9 * 1024);
        driver.receive(TestDriver.frame(OWN, 0x0800, 100));
        driver.timers.advance(5 * 1024);
        assertThat(driver.bus.asserted).isFalse();
        driver.timers.advance(1024);
        assertThat(driver.bus.asserted).isTrue();
        driver.read(Register.ICR);
        driver.receive(TestDriver.frame(OWN, 0x0800, 100));
        driver.write(Register.RDTR, 1 << 31 | 10);
        assertThat(driver.bus.asserted).as("flushed").isTrue();
    }

    @Test
    void shouldLimitTheRateOfInterrupts() {
        driver.startReceive(0);
        driver.write(Register.IMS, Interrupts.RXT0);
        driver.write(Register.ITR, 400);
        for (int i = 0; i < 10; i++) {
            driver.receive(TestDriver.frame(OWN, 0x0800, 100));
            driver.read(Register.ICR);
            driver.timers.advance(10_000);
        }
        driver.receive(TestDriver.frame(OWN, 0x0800, 100));
        driver.timers.advance(200_000);
        assertThat(driver.bus.assertions).isEqualTo(2);
    }

    @Test
    void shouldStopAtBuffersOutsideMemory() {
        driver.startReceive(0);
        driver.putLong(TestDriver.RX_RING, FakeBus.BYTES);
        assertThat(driver.receive(TestDriver.frame(OWN, 0x0800, 100))).isTrue();
        assertThat(driver.receive(TestDriver.frame(OWN, 0x0800, 100))).isTrue();
        driver.startReceive(0);
        driver.receive(TestDriver.frame(OWN, 0x0800, 100));
        assertThat(driver.received(0)).hasSize(104);
    }

    @Test
    void shouldDropWhatNoRingCanHold() {
        driver.startReceive(LPE | BSIZE_256);
        assertThat(driver.receive(TestDriver.frame(OWN, 0x0800, 9000))).isTrue();
        assertThat(driver.read(Register.MPC)).isEqualTo(1);
    }

    @Test
    void shouldHearItselfInLoopback() {
        driver.startTransmit();
        driver.startReceive(1 << 6);
        byte[] frame = TestDriver.frame(OWN, 0x0800, 100);
        driver.add(frame, TestDriver.EOP | TestDriver.IFCS | TestDriver.RS);
        driver.kick();
        assertThat(driver.sent).isEmpty();
        assertThat(Arrays.copyOf(driver.received(0), 100)).isEqualTo(frame);
    }

    @Test
    void shouldPauseWhenThePartnerAsks() {
        driver.startTransmit();
        driver.startReceive(0);
        driver.write(Register.CTRL, driver.read(Register.CTRL) | 1 << 27);
        byte[] pause = TestDriver.frame(0x0180_c200_0001L, 0x8808, 60);
        pause[14] = 0;
        pause[15] = 1;
        pause[16] = 1;
        pause[17] = 0;
        driver.receive(pause);
        driver.add(TestDriver.frame(OTHER, 0x0800, 100), TestDriver.EOP | TestDriver.IFCS);
        driver.kick();
        assertThat(driver.sent).isEmpty();
        driver.timers.advance(256 * 512);
        assertThat(driver.sent).hasSize(1);
        assertThat(driver.read(Register.XOFFRXC)).isEqualTo(1);
    }

    @Test
    void shouldAskThePartnerToPauseWhileItHasNoRoom() {
        driver.startReceive(0);
        driver.write(Register.CTRL, driver.read(Register.CTRL) | 1 << 28);
        driver.write(Register.FCTTV, 0x1234);
        driver.write(Register.FCRTL, 1 << 31);
        while (driver.receive(TestDriver.frame(OWN, 0x0800, 100))) {
            assertThat(driver.sent).isEmpty();
        }
        driver.receive(TestDriver.frame(OWN, 0x0800, 100));
        driver.timers.advance(0);
        driver.write(Register.RDT, TestDriver.RING - 2);
        driver.timers.advance(0);
        assertThat(driver.sent).hasSize(2);
        assertThat(HexFormat.of().formatHex(driver.sent.getFirst().bytes(), 0, 18))
                .isEqualTo("0180c2000001" + "525400123456" + "8808" + "0001" + "1234");
        assertThat(driver.sent.getLast().bytes()).hasSize(60);
        assertThat(driver.sent.getLast().bytes()[16]).isZero();
        assertThat(driver.read(Register.XOFFTXC)).isEqualTo(1);
        assertThat(driver.read(Register.XONTXC)).isEqualTo(1);
    }

    @Test
    void shouldAskThePartnerToPauseWhenSoftwareSaysSo() {
        driver.write(Register.TCTL, 1 << 22);
        assertThat(driver.read(Register.TCTL)).isZero();
        assertThat(driver.sent).hasSize(1);
        assertThat(driver.read(Register.XONTXC)).isEqualTo(1);
    }

    @Test
    void shouldSendSeveralFramesOnTheirWay() {
        driver.startReceive(RCTL_SECRC);
        driver.receive(TestDriver.frame(OWN, 0x0800, 100));
        driver.bus.remote();
        for (int i = 1; i < 10; i++) {
            assertThat(driver.receive(TestDriver.frame(OWN, 0x0800, 100 + i))).isTrue();
        }
        assertThat(driver.read(Register.RDH)).isEqualTo(1);
        driver.bus.complete();
        assertThat(driver.read(Register.RDH)).isEqualTo(10);
        for (int i = 0; i < 10; i++) {
            assertThat(driver.received(i)).hasSize(100 + i);
        }
    }
}
