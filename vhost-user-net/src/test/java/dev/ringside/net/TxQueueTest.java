package dev.ringside.net;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.link.Drop;
import dev.ringside.link.Frame;
import dev.ringside.link.NetHeader;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class TxQueueTest {
    private static final long ALL = NetFeature.OFFLOADS & ~NetFeature.GSO;
    private static final int FRAME_BYTES = 200;

    private static byte[] header(int flags, int gsoType, int hdrLen, int gsoSize, int csumStart, int csumOffset) {
        byte[] bytes = new byte[NetHeader.BYTES];
        bytes[0] = (byte) flags;
        bytes[1] = (byte) gsoType;
        put16(bytes, 2, hdrLen);
        put16(bytes, 4, gsoSize);
        put16(bytes, 6, csumStart);
        put16(bytes, 8, csumOffset);
        return bytes;
    }

    private static void put16(byte[] bytes, int at, int value) {
        bytes[at] = (byte) value;
        bytes[at + 1] = (byte) (value >>> 8);
    }

    private static byte[] frame(int bytes) {
        byte[] frame = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            frame[i] = (byte) i;
        }
        return frame;
    }

    private static byte[] plain() {
        return header(0, 0, 0, 0, 0, 0);
    }

    /** A frame with this header is dropped and counted, its chain handed back, and the next one sent. */
    private static void expectDropped(byte[] header, int frameBytes, long features) throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.TX, features)) {
            rig.driver.add(rig.driver.readable(header), rig.driver.readable(frame(frameBytes)));
            rig.driver.add(rig.driver.readable(plain()), rig.driver.readable(frame(60)));
            rig.driver.kick();
            assertThat(rig.driver.awaitUsed()).isZero();
            assertThat(rig.driver.awaitUsed()).isZero();
            FakePort.Sent sent = rig.port.sent.poll(5, TimeUnit.SECONDS);
            assertThat(sent.bytes()).isEqualTo(frame(60));
            assertThat(rig.port.sent).isEmpty();
            assertThat(rig.port.counters.droppedSent(Drop.MALFORMED)).isEqualTo(1);
        }
    }

    @Test
    void shouldSendAFrameWithItsHeader() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.TX, ALL)) {
            rig.driver.add(
                    rig.driver.readable(header(1, NetHeader.GSO_TCPV4, 54, 100, 34, 16)),
                    rig.driver.readable(frame(FRAME_BYTES)));
            rig.driver.kick();
            FakePort.Sent sent = rig.port.sent.poll(5, TimeUnit.SECONDS);
            assertThat(sent.bytes()).isEqualTo(frame(FRAME_BYTES));
            assertThat(sent.gsoType()).isEqualTo(NetHeader.GSO_TCPV4);
            assertThat(sent.gsoSize()).isEqualTo(100);
            assertThat(sent.csumStart()).isEqualTo(34);
            assertThat(sent.csumOffset()).isEqualTo(16);
            assertThat(rig.driver.awaitUsed()).isZero();
        }
    }

    @Test
    void shouldNotCareHowTheDriverLaysItOut() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.TX, ALL)) {
            byte[] header = header(1, 0, 0, 0, 34, 16);
            byte[] frame = frame(FRAME_BYTES);
            byte[] middle = Arrays.copyOf(Arrays.copyOfRange(header, 9, 12), 3 + 7);
            System.arraycopy(frame, 0, middle, 3, 7);
            rig.driver.add(
                    rig.driver.readable(header[0]),
                    rig.driver.readable(Arrays.copyOfRange(header, 1, 9)),
                    rig.driver.readable(middle),
                    rig.driver.readable(Arrays.copyOfRange(frame, 7, FRAME_BYTES)));
            rig.driver.kick();
            FakePort.Sent sent = rig.port.sent.poll(5, TimeUnit.SECONDS);
            assertThat(sent.bytes()).isEqualTo(frame);
            assertThat(sent.csumStart()).isEqualTo(34);
            assertThat(sent.csumOffset()).isEqualTo(16);
        }
    }

    @Test
    void shouldReadLegacyHeadersOfTenBytes() throws Exception {
        try (QueueRig rig = new QueueRig(QueueRig.TX, NetFeature.CSUM)) {
            rig.driver.add(rig.driver.readable(Arrays.copyOf(plain(), 10)), rig.driver.readable(frame(60)));
            rig.driver.kick();
            assertThat(rig.port.sent.poll(5, TimeUnit.SECONDS).bytes()).isEqualTo(frame(60));
        }
    }

    @Test
    void shouldDropAChainShorterThanTheHeader() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.TX, ALL)) {
            rig.driver.add(rig.driver.readable((byte) 0));
            rig.driver.add(rig.driver.readable(plain()));
            rig.driver.add(rig.driver.readable(plain()), rig.driver.readable(frame(60)));
            rig.driver.kick();
            for (int i = 0; i < 3; i++) {
                assertThat(rig.driver.awaitUsed()).isZero();
            }
            assertThat(rig.port.sent.poll(5, TimeUnit.SECONDS).bytes()).hasSize(60);
            assertThat(rig.port.counters.droppedSent(Drop.MALFORMED)).isEqualTo(2);
        }
    }

    @Test
    void shouldDropAChainWithoutReadableBytes() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.TX, ALL)) {
            rig.driver.add(rig.driver.writable(100));
            rig.driver.kick();
            assertThat(rig.driver.awaitUsed()).isZero();
            assertThat(rig.port.counters.droppedSent(Drop.MALFORMED)).isEqualTo(1);
        }
    }

    @Test
    void shouldDropHdrLenBeyondTheFrame() throws Exception {
        expectDropped(header(1, NetHeader.GSO_TCPV4, FRAME_BYTES + 1, 100, 34, 16), FRAME_BYTES, ALL);
    }

    @Test
    void shouldDropGsoSizeZero() throws Exception {
        expectDropped(header(1, NetHeader.GSO_TCPV4, 54, 0, 34, 16), FRAME_BYTES, ALL);
    }

    @Test
    void shouldDropCsumStartBeyondTheFrame() throws Exception {
        expectDropped(header(1, 0, 0, 0, FRAME_BYTES - 1, 0), FRAME_BYTES, ALL);
    }

    @Test
    void shouldDropCsumOffsetBeyondTheFrame() throws Exception {
        expectDropped(header(1, 0, 0, 0, 34, 0xffff), FRAME_BYTES, ALL);
    }

    @Test
    void shouldDropUnknownGsoTypes() throws Exception {
        expectDropped(header(1, 2, 54, 100, 34, 16), FRAME_BYTES, ALL);
        expectDropped(header(1, 0x7f, 54, 100, 34, 16), FRAME_BYTES, ALL);
        expectDropped(header(1, NetHeader.GSO_ECN, 54, 100, 34, 16), FRAME_BYTES, ALL);
    }

    @Test
    void shouldDropGsoWithoutChecksum() throws Exception {
        expectDropped(header(0, NetHeader.GSO_TCPV4, 54, 100, 34, 16), FRAME_BYTES, ALL);
    }

    @Test
    void shouldDropWhatWasNotNegotiated() throws Exception {
        expectDropped(header(1, NetHeader.GSO_TCPV4, 54, 100, 34, 16), FRAME_BYTES, NetFeature.CSUM);
        expectDropped(header(1, 0, 0, 0, 34, 16), FRAME_BYTES, 0);
    }

    @Test
    void shouldDropFramesLongerThanAnyPacket() throws Exception {
        expectDropped(plain(), Frame.MAX_BYTES + 1, ALL);
    }

    /** The queue looks at its ring, and what it does is shown when this returns. */
    private static void look(QueueRig rig) throws Exception {
        rig.onLoop(() -> rig.queue().poll());
        rig.onLoop(() -> true);
    }

    private static void giveRoom(QueueRig rig) throws Exception {
        rig.port.refuse = false;
        rig.onLoop(() -> {
            rig.port.roomAgain.run();
            return true;
        });
    }

    @Test
    void shouldLeaveAFrameInTheRingThatTheLinkHasNoRoomFor() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.TX, ALL)) {
            rig.port.refuse = true;
            rig.driver.add(rig.driver.readable(plain()), rig.driver.readable(frame(60)));
            look(rig);
            assertThat(rig.driver.usedCount()).isZero();
            giveRoom(rig);
            assertThat(rig.driver.awaitUsed()).isZero();
            assertThat(rig.port.sent.poll(5, TimeUnit.SECONDS).bytes()).hasSize(60);
        }
    }

    @Test
    void shouldStopWhileTheLinkHasNoRoom() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.TX, ALL)) {
            rig.port.refuse = true;
            rig.driver.add(rig.driver.readable(plain()), rig.driver.readable(frame(60)));
            look(rig);
            assertThat(rig.stop()).isZero();
        }
    }

    /** Three chains that the device sees at once, of which the second has an empty buffer. Returns their heads. */
    private static int[] addWithAMalformedOne(QueueRig rig) throws Exception {
        return rig.onLoop(() -> new int[] {
            rig.driver.add(rig.driver.readable(plain()), rig.driver.readable(frame(60))),
            rig.driver.add(rig.driver.readable()),
            rig.driver.add(rig.driver.readable(plain()), rig.driver.readable(frame(61)))
        });
    }

    @Test
    void shouldUseAMalformedChainInItsTurn() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.TX, ALL)) {
            int[] heads = addWithAMalformedOne(rig);
            rig.driver.kick();
            for (int head : heads) {
                assertThat(rig.driver.awaitUsedHead()).isEqualTo(head);
            }
            assertThat(rig.port.counters.droppedSent(Drop.MALFORMED)).isEqualTo(1);
        }
    }

    /** The ring is wound back over what was taken last; what has been used in between would be taken once more. */
    @Test
    void shouldLeaveWhatIsBehindAFrameWithoutRoom() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.TX, ALL)) {
            rig.port.refuse = true;
            int[] heads = addWithAMalformedOne(rig);
            look(rig);
            assertThat(rig.driver.usedCount()).isZero();
            giveRoom(rig);
            for (int head : heads) {
                assertThat(rig.driver.awaitUsedHead()).isEqualTo(head);
            }
            assertThat(rig.stop()).isEqualTo(3);
            assertThat(rig.port.sent).extracting(sent -> sent.bytes().length).containsExactly(60, 61);
            assertThat(rig.driver.usedCount()).isZero();
        }
    }

    @Test
    void shouldStopBeforeAMalformedChainThatItHasNotComeTo() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.TX, ALL)) {
            rig.port.refuse = true;
            addWithAMalformedOne(rig);
            look(rig);
            assertThat(rig.stop()).isZero();
        }
    }

    @Test
    void shouldDiscardFramesWhileDisabled() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.TX, ALL)) {
            rig.onLoop(() -> {
                rig.queue().enabled(false);
                return true;
            });
            rig.driver.add(rig.driver.readable(plain()), rig.driver.readable(frame(60)));
            rig.driver.kick();
            assertThat(rig.driver.awaitUsed()).isZero();
            assertThat(rig.port.sent).isEmpty();
            assertThat(rig.port.counters.droppedSent(Drop.DISABLED)).isEqualTo(1);
        }
    }

    @Test
    void shouldDrainAQueueWhoseMemoryIsGoneAndServeOthers() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.TX, ALL);
                QueueRig other = QueueRig.modern(QueueRig.TX, ALL)) {
            rig.driver.add(rig.driver.readable(plain()), rig.driver.readable(frame(9000)));
            rig.driver.truncateBuffers();
            rig.driver.kick();
            assertThat(rig.driver.awaitUsed()).isZero();
            assertThat(rig.port.sent).isEmpty();
            assertThat(rig.stop()).isEqualTo(1);
            other.driver.add(other.driver.readable(plain()), other.driver.readable(frame(60)));
            other.driver.kick();
            assertThat(other.driver.awaitUsed()).isZero();
        }
    }

    /** A driver that makes another frame available for each one that is sent. */
    @Test
    void shouldSendNoMoreThan64FramesInATurn() throws Exception {
        try (QueueRig rig = QueueRig.large(QueueRig.TX, ALL)) {
            rig.port.keep = false;
            DriverRing.Buffer header = rig.driver.readable(plain());
            DriverRing.Buffer frame = rig.driver.readable(frame(60));
            AtomicInteger sent = new AtomicInteger();
            rig.onLoop(() -> {
                rig.port.onSend = () -> {
                    sent.incrementAndGet();
                    rig.driver.add(header, frame);
                };
                rig.driver.add(header, frame);
                assertThat(rig.queue().poll()).isTrue();
                rig.port.onSend = () -> {};
                return true;
            });
            assertThat(sent).hasValue(64);
            rig.driver.kick();
            for (int i = 0; i <= 64; i++) {
                assertThat(rig.driver.awaitUsed()).isZero();
            }
        }
    }

    @Test
    void shouldAllocateNearlyNothingForEachFrame() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.TX, ALL)) {
            rig.port.keep = false;
            com.sun.management.ThreadMXBean threads =
                    (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
            DriverRing.Buffer header = rig.driver.readable(plain());
            DriverRing.Buffer frame = rig.driver.readable(frame(60));
            long loopThread = rig.onLoop(() -> Thread.currentThread().threadId());
            long before = 0;
            int measured = 4000;
            for (int i = 0; i < 2 * measured; i++) {
                if (i == measured) {
                    before = threads.getThreadAllocatedBytes(loopThread);
                }
                for (int j = 0; j < DriverRing.SIZE / 2; j++) {
                    rig.driver.add(header, frame);
                }
                rig.driver.kick();
                for (int j = 0; j < DriverRing.SIZE / 2; j++) {
                    while (rig.driver.usedCount() == 0) {
                        Thread.onSpinWait();
                    }
                    rig.driver.awaitUsed();
                }
            }
            long bytes = threads.getThreadAllocatedBytes(loopThread) - before;
            assertThat(bytes / (measured * DriverRing.SIZE / 2)).isLessThan(50);
        }
    }

    @Test
    void shouldAnnounceAStationByRarp() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.TX, ALL)) {
            rig.onLoop(() -> {
                rig.device.announce(0x0605_0403_0252L, rig.loop);
                return true;
            });
            byte[] bytes = rig.port.sent.poll(5, TimeUnit.SECONDS).bytes();
            assertThat(bytes).hasSize(60).startsWith(-1, -1, -1, -1, -1, -1, 0x52, 2, 3, 4, 5, 6, 0x80, 0x35);
            assertThat(MemorySegment.ofArray(bytes).byteSize()).isEqualTo(60);
        }
    }
}
