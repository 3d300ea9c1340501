package dev.ringside.e1000;

import static dev.ringside.e1000.TestDriver.DEXT;
import static dev.ringside.e1000.TestDriver.EOP;
import static dev.ringside.e1000.TestDriver.IFCS;
import static dev.ringside.e1000.TestDriver.RS;
import static dev.ringside.e1000.TestDriver.VLE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.link.NetHeader;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TransmitTest {
    private static final long BROADCAST = 0xffff_ffff_ffffL;
    private static final long PEER = 0x5254_00ab_cdefL;
    private static final long DATA = DEXT | 1 << 20;
    private static final long TSE = 1 << 26;
    private static final long IXSM = 1L << 40;
    private static final long TXSM = 1L << 41;

    private final TestDriver driver = new TestDriver();

    @BeforeEach
    void start() {
        driver.startTransmit();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldSendALegacyPacketOfSeveralBuffers(boolean remote) {
        if (remote) {
            driver.bus.remote();
        }
        byte[] frame = TestDriver.frame(PEER, 0x0800, 200);
        int first = driver.add(Arrays.copyOfRange(frame, 0, 14), IFCS);
        driver.add(Arrays.copyOfRange(frame, 14, 20), IFCS);
        int last = driver.add(Arrays.copyOfRange(frame, 20, 200), EOP | IFCS | RS);
        driver.kick();
        driver.bus.complete();
        assertThat(driver.sent).hasSize(1);
        assertThat(driver.sent.getFirst().bytes()).isEqualTo(frame);
        assertThat(driver.isSent(first)).isFalse();
        assertThat(driver.isSent(last)).isTrue();
        assertThat(driver.read(Register.TDH)).isEqualTo(3);
        assertThat(driver.read(Register.ICR)).isEqualTo(Interrupts.TXDW | Interrupts.TXQE);
    }

    @Test
    void shouldPadShortFramesAndCountThem() {
        driver.add(TestDriver.frame(BROADCAST, 0x0806, 42), EOP | IFCS | RS);
        driver.kick();
        assertThat(driver.sent.getFirst().bytes()).hasSize(60);
        assertThat(driver.read(Register.GPTC)).isEqualTo(1);
        assertThat(driver.read(Register.BPTC)).isEqualTo(1);
        assertThat(driver.read(Register.PTC64)).isEqualTo(1);
        assertThat(driver.read(Register.GOTCL)).isEqualTo(64);
        assertThat(driver.read(Register.GOTCH)).isZero();
        assertThat(driver.read(Register.GOTCL)).isZero();
        assertThat(driver.read(Register.GPTC)).isZero();
    }

    @Test
    void shouldTakeTheDriversFcsOff() {
        driver.add(TestDriver.frame(PEER, 0x0800, 104), EOP | RS);
        driver.kick();
        assertThat(driver.sent.getFirst().bytes()).hasSize(100);
    }

    @Test
    void shouldLeaveALegacyChecksumToTheLink() {
        // CSO 50, CSS 34.
        driver.add(TestDriver.frame(PEER, 0x0800, 100), EOP | IFCS | RS | 1 << 26 | 50 << 16 | 34L << 40);
        driver.kick();
        var sent = driver.sent.getFirst();
        assertThat(sent.needsCsum()).isTrue();
        assertThat(sent.csumStart()).isEqualTo(34);
        assertThat(sent.csumOffset()).isEqualTo(16);
    }

    @Test
    void shouldInsertTheTag() {
        driver.write(Register.CTRL, driver.read(Register.CTRL) | 1 << 30);
        byte[] frame = TestDriver.frame(PEER, 0x0800, 100);
        driver.add(frame, EOP | IFCS | RS | VLE | 1 << 26 | 50 << 16 | 34L << 40 | 0x2005L << 48);
        driver.kick();
        var sent = driver.sent.getFirst();
        assertThat(sent.bytes()).hasSize(104);
        assertThat(Arrays.copyOf(sent.bytes(), 12)).isEqualTo(Arrays.copyOf(frame, 12));
        assertThat(Arrays.copyOfRange(sent.bytes(), 12, 16)).containsExactly(0x81, 0x00, 0x20, 0x05);
        assertThat(Arrays.copyOfRange(sent.bytes(), 16, 104)).isEqualTo(Arrays.copyOfRange(frame, 12, 100));
        assertThat(sent.csumStart()).isEqualTo(38);
    }

    private void context(int headerBytes, int mss, long command) {
        long low = 14L | 24L << 8 | 33L << 16 | 34L << 32 | 50L << 40;
        driver.addDescriptor(low, DEXT | RS | command | (long) headerBytes << 40 | (long) mss << 48);
    }

    private static byte[] tcp(int bytes) {
        byte[] frame = TestDriver.frame(PEER, 0x0800, bytes);
        Arrays.fill(frame, 14, 54, (byte) 0);
        frame[14] = 0x45;
        frame[22] = 64;
        frame[23] = 6;
        frame[46] = 0x50;
        return frame;
    }

    @Test
    void shouldInsertTheIpChecksum() {
        context(0, 0, 0);
        byte[] frame = tcp(100);
        driver.add(frame, DATA | EOP | IFCS | RS | IXSM | TXSM);
        driver.kick();
        var sent = driver.sent.getFirst();
        int sum = 0;
        for (int i = 14; i < 34; i += 2) {
            sum += (sent.bytes()[i] & 0xff) << 8 | (sent.bytes()[i + 1] & 0xff);
        }
        assertThat((sum & 0xffff) + (sum >> 16)).isEqualTo(0xffff);
        assertThat(sent.csumStart()).isEqualTo(34);
        assertThat(driver.isSent(0)).as("the context, too, is reported").isTrue();
    }

    @Test
    void shouldInsertAChecksumOverAWholeLongFrame() {
        driver.addDescriptor(14 | 24L << 8, DEXT | RS);
        driver.add(tcp(1400), DATA | EOP | IFCS | RS | IXSM);
        driver.kick();
        byte[] sent = driver.sent.getFirst().bytes();
        long sum = 0;
        for (int i = 14; i < 1400; i += 2) {
            sum += (sent[i] & 0xff) << 8 | (sent[i + 1] & 0xff);
        }
        assertThat(OnesComplement.fold(sum)).isEqualTo(0xffff);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldPassSegmentationOn(boolean remote) {
        if (remote) {
            driver.bus.remote();
        }
        context(54, 1000, 3 << 24 | TSE);
        byte[] frame = tcp(54 + 2500);
        driver.add(Arrays.copyOf(frame, 54), DATA | IFCS | TSE | IXSM | TXSM);
        driver.add(Arrays.copyOfRange(frame, 54, frame.length), DATA | EOP | IFCS | RS | TSE);
        driver.kick();
        driver.bus.complete();
        var sent = driver.sent.getFirst();
        assertThat(sent.gsoType()).isEqualTo(NetHeader.GSO_TCPV4);
        assertThat(sent.gsoSize()).isEqualTo(1000);
        assertThat(sent.hdrLen()).isEqualTo(54);
        assertThat(sent.needsCsum()).isTrue();
        assertThat((sent.bytes()[16] & 0xff) << 8 | (sent.bytes()[17] & 0xff)).isEqualTo(2540);
        assertThat((sent.bytes()[50] & 0xff) << 8 | (sent.bytes()[51] & 0xff)).isEqualTo(2520);
        assertThat(Arrays.copyOfRange(sent.bytes(), 54, 2554)).isEqualTo(Arrays.copyOfRange(frame, 54, 2554));
        assertThat(driver.read(Register.TSCTC)).isEqualTo(1);
        assertThat(driver.read(Register.GPTC)).isEqualTo(3);
        assertThat(driver.read(Register.GOTCL)).isEqualTo(2500 + 3 * 58);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void shouldDropSegmentationThatMakesNoSense(int kind) {
        switch (kind) {
            case 0 -> context(54, 0, 3 << 24 | TSE);
            case 1 -> context(255, 1000, 3 << 24 | TSE);
            case 2 -> context(0, 1000, 3 << 24 | TSE);
            default -> driver.addDescriptor(-1, DEXT | TSE | 3 << 24 | 54L << 40 | 1L << 48);
        }
        int data = driver.add(tcp(200), DATA | EOP | IFCS | RS | TSE | IXSM | TXSM);
        driver.kick();
        assertThat(driver.sent).isEmpty();
        assertThat(driver.isSent(data)).isTrue();
        assertThat(driver.read(Register.TSCTFC)).isEqualTo(1);
    }

    @Test
    void shouldDropAPacketThatNeverEndsAndGoOn() {
        for (int i = 0; i < 15; i++) {
            driver.add(new byte[100], IFCS | RS);
        }
        driver.kick();
        assertThat(driver.sent).isEmpty();
        assertThat(driver.read(Register.TDH)).isZero();
        // A driver that resets its ring is served again.
        driver.startTransmit();
        TestDriver again = driver;
        again.putLong(TestDriver.TX_RING, TestDriver.TX_BUFFERS);
        again.putLong(TestDriver.TX_RING + 8, EOP | IFCS | RS | 100);
        again.write(Register.TDT, 1);
        assertThat(driver.sent).hasSize(1);
    }

    /** A packet is of legacy or of data descriptors (§3.3): one of both is anything, and the next is itself again. */
    @Test
    void shouldGoOnAfterAPacketOfMixedDescriptors() {
        driver.add(new byte[100], IFCS | RS);
        driver.addDescriptor(0, DEXT | RS);
        driver.add(new byte[100], DEXT | 1L << 20 | IFCS);
        driver.add(new byte[100], IFCS | RS);
        driver.add(new byte[100], DEXT | 1L << 20 | EOP | IFCS | RS);
        driver.kick();
        driver.sent.clear();
        byte[] frame = TestDriver.frame(PEER, 0x0800, 100);
        int next = driver.add(frame, EOP | IFCS | RS);
        driver.kick();
        assertThat(driver.isSent(next)).isTrue();
        assertThat(driver.sent).hasSize(1);
        assertThat(driver.sent.getFirst().bytes()).isEqualTo(frame);
    }

    @Test
    void shouldDropAPacketThatIsTooLong() {
        for (int i = 0; i < 5; i++) {
            driver.addDescriptor(TestDriver.TX_BUFFERS, IFCS | RS | 16000);
        }
        int last = driver.addDescriptor(TestDriver.TX_BUFFERS, EOP | IFCS | RS | 16000);
        int next = driver.add(TestDriver.frame(PEER, 0x0800, 100), EOP | IFCS | RS);
        driver.kick();
        assertThat(driver.isSent(last)).isTrue();
        assertThat(driver.isSent(next)).isTrue();
        assertThat(driver.sent).hasSize(1);
    }

    @Test
    void shouldDropABufferOutsideMemoryAndGoOn() {
        int bad = driver.addDescriptor(FakeBus.BYTES, EOP | IFCS | RS | 100);
        int good = driver.add(TestDriver.frame(PEER, 0x0800, 100), EOP | IFCS | RS);
        driver.kick();
        assertThat(driver.isSent(bad)).isTrue();
        assertThat(driver.isSent(good)).isTrue();
        assertThat(driver.sent).hasSize(1);
    }

    @Test
    void shouldStopAtARingOutsideMemoryUntilItIsMoved() {
        driver.write(Register.TDBAL, FakeBus.BYTES);
        driver.write(Register.TDT, 3);
        assertThat(driver.sent).isEmpty();
        driver.write(Register.TDT, 0);
        driver.startTransmit();
        driver.add(TestDriver.frame(PEER, 0x0800, 100), EOP | IFCS | RS);
        driver.kick();
        assertThat(driver.sent).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 17, 0xffff})
    void shouldIgnoreATailBeyondTheRing(int tail) {
        driver.add(TestDriver.frame(PEER, 0x0800, 100), EOP | IFCS | RS);
        driver.write(Register.TDT, tail);
        assertThat(driver.sent).isEmpty();
        driver.kick();
        assertThat(driver.sent).hasSize(1);
    }

    @Test
    void shouldDoNothingForARingOfNoLength() {
        driver.write(Register.TDLEN, 0);
        driver.write(Register.TDT, 1);
        assertThat(driver.sent).isEmpty();
    }

    @Test
    void shouldAbandonDmaWhenReset() {
        driver.bus.remote();
        driver.add(TestDriver.frame(PEER, 0x0800, 100), EOP | IFCS | RS);
        driver.kick();
        driver.write(Register.CTRL, 1 << 26);
        driver.bus.complete();
        assertThat(driver.sent).isEmpty();
        assertThat(driver.read(Register.TDT)).isZero();
    }

    @Test
    void shouldDelayTheInterruptUpToTheAbsoluteLimit() {
        driver.write(Register.IMS, Interrupts.TXDW);
        driver.write(Register.TIDV, 100);
        driver.write(Register.TADV, 150);
        int ide = 1 << 31;
        driver.add(TestDriver.frame(PEER, 0x0800, 100), (EOP | IFCS | RS | ide) & 0xffff_ffffL);
        driver.kick();
        driver.timers.advance(90 * 1024);
        assertThat(driver.bus.asserted).isFalse();
        driver.add(TestDriver.frame(PEER, 0x0800, 100), (EOP | IFCS | RS | ide) & 0xffff_ffffL);
        driver.kick();
        driver.timers.advance(50 * 1024);
        assertThat(driver.bus.asserted).isFalse();
        driver.timers.advance(11 * 1024);
        assertThat(driver.bus.asserted).isTrue();
    }

    @Test
    void shouldSayWhenDescriptorsRunLow() {
        driver.write(Register.TXDCTL, 1 << 25);
        for (int i = 0; i < 10; i++) {
            driver.add(TestDriver.frame(PEER, 0x0800, 100), EOP | IFCS | RS);
        }
        driver.kick();
        assertThat(driver.read(Register.ICR) & Interrupts.TXD_LOW).isNotZero();
    }

    @Test
    void shouldSendNothingWithoutBusMastering() {
        driver.config.write(4, new byte[] {2, 0});
        driver.add(TestDriver.frame(PEER, 0x0800, 100), EOP | IFCS | RS);
        driver.kick();
        assertThat(driver.sent).isEmpty();
        driver.config.write(4, new byte[] {6, 0});
        driver.card.busChanged();
        assertThat(driver.sent).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldWaitForTheLink(boolean remote) {
        if (remote) {
            driver.bus.remote();
        }
        driver.full = true;
        int first = driver.add(TestDriver.frame(PEER, 0x0800, 100), EOP | IFCS | RS);
        int second = driver.add(TestDriver.frame(PEER, 0x0800, 101), EOP | IFCS | RS);
        driver.kick();
        driver.bus.complete();
        assertThat(driver.isSent(first)).isFalse();
        driver.full = false;
        driver.card.sendingResumed();
        driver.bus.complete();
        assertThat(driver.sent).hasSize(2);
        assertThat(driver.isSent(second)).isTrue();
        assertThat(driver.read(Register.GPTC)).isEqualTo(2);
    }
}
