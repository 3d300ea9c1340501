package dev.ringside.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringside.link.Drop;
import dev.ringside.link.Frame;
import dev.ringside.link.Iovec;
import dev.ringside.link.NetHeader;
import dev.ringside.link.Offload;
import dev.ringside.link.RxBuffers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class RxQueueTest {
    private static final int HEADER = NetHeader.BYTES;

    private static Frame frame(int bytes) {
        MemorySegment memory = Arena.ofAuto().allocate(bytes);
        for (int i = 0; i < bytes; i++) {
            memory.set(ValueLayout.JAVA_BYTE, i, (byte) i);
        }
        Frame frame = new Frame();
        frame.add(memory, 0, bytes);
        return frame;
    }

    private static boolean put(QueueRig rig, int bytes) throws Exception {
        return rig.onLoop(() -> rig.port.buffers.put(frame(bytes)));
    }

    @Test
    void shouldPutAFrameBehindItsHeader() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.RX, 0)) {
            DriverRing.Buffer buffer = rig.driver.writable(2000);
            rig.driver.add(buffer);
            assertThat(put(rig, 100)).isTrue();
            assertThat(rig.driver.awaitUsed()).isEqualTo(HEADER + 100);
            assertThat(rig.driver.bytes(buffer, 0, HEADER)).containsExactly(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0);
            assertThat(rig.driver.bytes(buffer, HEADER, 4)).containsExactly(0, 1, 2, 3);
        }
    }

    @Test
    void shouldPutLegacyHeadersOfTenBytes() throws Exception {
        try (QueueRig rig = new QueueRig(QueueRig.RX, 0)) {
            DriverRing.Buffer header = rig.driver.writable(10);
            DriverRing.Buffer data = rig.driver.writable(1518);
            rig.driver.add(header, data);
            assertThat(put(rig, 100)).isTrue();
            assertThat(rig.driver.awaitUsed()).isEqualTo(10 + 100);
            assertThat(rig.driver.bytes(data, 0, 4)).containsExactly(0, 1, 2, 3);
        }
    }

    @Test
    void shouldSpreadAFrameOverMergeableBuffers() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.RX, NetFeature.MRG_RXBUF)) {
            DriverRing.Buffer[] buffers = new DriverRing.Buffer[4];
            for (int i = 0; i < buffers.length; i++) {
                buffers[i] = rig.driver.writable(100);
                rig.driver.add(buffers[i]);
            }
            assertThat(put(rig, 250)).isTrue();
            assertThat(rig.driver.awaitUsed()).isEqualTo(100);
            assertThat(rig.driver.awaitUsed()).isEqualTo(100);
            assertThat(rig.driver.awaitUsed()).isEqualTo(HEADER + 250 - 200);
            assertThat(rig.driver.bytes(buffers[0], 10, 2)).containsExactly(3, 0);
            assertThat(rig.driver.bytes(buffers[1], 0, 1)).containsExactly(100 - HEADER);
            assertThat(rig.driver.bytes(buffers[2], 0, 1)).containsExactly((byte) (200 - HEADER));
            assertThat(rig.driver.usedCount()).isZero();
        }
    }

    /** What a TAP does: the frame is written where the iovecs say. */
    @SuppressWarnings("restricted")
    private static void pull(QueueRig rig, int bytes) throws Exception {
        rig.onLoop(() -> {
            RxBuffers buffers = rig.port.buffers;
            Iovec room = buffers.prepare();
            long entries = room.before(0, 0) + 16;
            MemorySegment iovec = MemorySegment.ofAddress(entries).reinterpret(16L * room.count());
            int done = 0;
            for (int i = 0; done < bytes; i++) {
                long address = iovec.getAtIndex(ValueLayout.JAVA_LONG, 2L * i);
                int part = (int) Math.min(bytes - done, iovec.getAtIndex(ValueLayout.JAVA_LONG, 2L * i + 1));
                MemorySegment target = MemorySegment.ofAddress(address).reinterpret(part);
                for (int j = 0; j < part; j++) {
                    target.set(ValueLayout.JAVA_BYTE, j, (byte) (done + j));
                }
                done += part;
            }
            buffers.commit(new NetHeader(), bytes);
            return true;
        });
    }

    @Test
    void shouldBeReadIntoFrameAfterFrame() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.RX, NetFeature.MRG_RXBUF | NetFeature.MTU)) {
            DriverRing.Buffer[] buffers = new DriverRing.Buffer[16];
            for (int i = 0; i < buffers.length; i++) {
                buffers[i] = rig.driver.writable(300);
                rig.driver.add(buffers[i]);
            }
            pull(rig, 700);
            pull(rig, 60);
            pull(rig, 288);
            assertThat(rig.driver.awaitUsed()).isEqualTo(300);
            assertThat(rig.driver.awaitUsed()).isEqualTo(300);
            assertThat(rig.driver.awaitUsed()).isEqualTo(HEADER + 700 - 600);
            assertThat(rig.driver.awaitUsed()).isEqualTo(HEADER + 60);
            assertThat(rig.driver.awaitUsed()).isEqualTo(300);
            assertThat(rig.driver.bytes(buffers[0], 10, 3)).containsExactly(3, 0, 0);
            assertThat(rig.driver.bytes(buffers[2], 111, 1)).containsExactly((byte) 699);
            assertThat(rig.driver.bytes(buffers[3], 10, 4)).containsExactly(1, 0, 0, 1);
            assertThat(rig.driver.bytes(buffers[4], 10, 4)).containsExactly(1, 0, 0, 1);
        }
    }

    @Test
    void shouldGiveBackWhatItHoldsWhenStopped() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.RX, NetFeature.MRG_RXBUF)) {
            for (int i = 0; i < 10; i++) {
                rig.driver.add(rig.driver.writable(300));
            }
            assertThat(put(rig, 500)).isTrue();
            rig.onLoop(() -> rig.port.buffers.prepare() != null);
            assertThat(rig.stop()).isEqualTo(2);
            assertThat(rig.driver.usedCount()).isEqualTo(2);
        }
    }

    @Test
    void shouldSaySoWhenThereAreNoBuffersAndWhenThereAre() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.RX, NetFeature.MRG_RXBUF)) {
            assertThat(put(rig, 100)).isFalse();
            assertThat(rig.onLoop(() -> rig.port.buffers.prepare() == null)).isTrue();
            int before = rig.port.roomAgains.get();
            Thread.sleep(20);
            rig.driver.add(rig.driver.writable(300));
            rig.driver.kick();
            for (int i = 0; i < 1000 && rig.port.roomAgains.get() == before; i++) {
                Thread.sleep(1);
            }
            assertThat(rig.port.roomAgains.get()).isGreaterThan(before);
            assertThat(put(rig, 100)).isTrue();
        }
    }

    @Test
    void shouldHandBackBuffersOfOneByte() throws Exception {
        for (long features : new long[] {0, NetFeature.MRG_RXBUF}) {
            try (QueueRig rig = QueueRig.modern(QueueRig.RX, features)) {
                for (int i = 0; i < 5; i++) {
                    rig.driver.add(rig.driver.writable(1));
                }
                assertThat(put(rig, 100)).isFalse();
                for (int i = 0; i < 5; i++) {
                    assertThat(rig.driver.awaitUsed()).isZero();
                }
            }
        }
    }

    @Test
    void shouldDropAFrameThatASingleBufferCannotHold() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.RX, 0)) {
            rig.driver.add(rig.driver.writable(100));
            assertThat(put(rig, 200)).isTrue();
            assertThat(rig.port.counters.droppedReceived(Drop.TOO_LONG)).isEqualTo(1);
            assertThat(put(rig, 50)).isTrue();
            assertThat(rig.driver.awaitUsed()).isEqualTo(HEADER + 50);
        }
    }

    @Test
    void shouldDropAFrameThatAllBuffersTogetherCannotHold() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.RX, NetFeature.MRG_RXBUF)) {
            for (int i = 0; i < DriverRing.SIZE; i++) {
                rig.driver.add(rig.driver.writable(20));
            }
            assertThat(put(rig, 1000)).isTrue();
            assertThat(rig.port.counters.droppedReceived(Drop.NO_BUFFERS)).isEqualTo(1);
            assertThat(rig.driver.usedCount()).isZero();
        }
    }

    @Test
    void shouldRejectReadableBuffersAndGoOn() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.RX, 0)) {
            rig.driver.add(rig.driver.readable(new byte[100]));
            rig.driver.add(rig.driver.writable(200));
            assertThat(put(rig, 100)).isTrue();
            assertThat(rig.driver.awaitUsed()).isZero();
            assertThat(rig.driver.awaitUsed()).isEqualTo(HEADER + 100);
        }
    }

    /** Also, the ring can only be wound back over what was taken last, and a rejected chain has been used. */
    @Test
    void shouldUseHeldBuffersBeforeOneThatItRejects() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.RX, NetFeature.MRG_RXBUF)) {
            int held = rig.driver.add(rig.driver.writable(20));
            int rejected = rig.driver.add(rig.driver.readable(new byte[100]));
            int last = rig.driver.add(rig.driver.writable(20));
            // Not enough for the frame.
            assertThat(put(rig, 500)).isFalse();
            assertThat(rig.driver.awaitUsedHead()).isEqualTo(held);
            assertThat(rig.driver.awaitUsedHead()).isEqualTo(rejected);
            assertThat(put(rig, 5)).isTrue();
            assertThat(rig.driver.awaitUsedHead()).isEqualTo(last);
            assertThat(rig.stop()).isEqualTo(3);
        }
    }

    @Test
    void shouldLiveWhenItsOwnMemoryIsGone() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.RX, 0)) {
            rig.driver.add(rig.driver.writable(9000));
            rig.driver.truncateBuffers();
            assertThat(put(rig, 5000)).isTrue();
            assertThat(rig.driver.usedCount()).isZero();
            assertThat(rig.stop()).isZero();
        }
    }

    @Test
    void shouldTellASenderWhoseMemoryIsGoneAndGoOn() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.RX, 0);
                DriverRing sender = new DriverRing(DriverRing.SIZE)) {
            DriverRing.Buffer gone = sender.writable(9000);
            rig.driver.add(rig.driver.writable(9100));
            Frame frame = new Frame();
            frame.add(sender.guest.regions().get(0).memory(), gone.address(), 9000);
            sender.truncateBuffers();
            assertThatThrownBy(() -> rig.onLoop(() -> rig.port.buffers.put(frame)))
                    .hasCauseInstanceOf(InternalError.class);
            assertThat(put(rig, 100)).isTrue();
            assertThat(rig.driver.awaitUsed()).isEqualTo(HEADER + 100);
        }
    }

    @Test
    void shouldAcceptWhatTheDriverHasNegotiated() throws Exception {
        long tso = NetFeature.GUEST_CSUM | NetFeature.GUEST_TSO4;
        try (QueueRig rig = QueueRig.modern(QueueRig.RX, tso)) {
            assertThat(rig.port.accepts).isEqualTo(Offload.CSUM | Offload.TSO4);
        }
        try (QueueRig rig = QueueRig.modern(QueueRig.RX, NetFeature.GUEST_TSO4)) {
            assertThat(rig.port.accepts).isZero();
        }
    }
}
