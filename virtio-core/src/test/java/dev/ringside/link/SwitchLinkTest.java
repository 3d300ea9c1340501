package dev.ringside.link;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Engine;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SwitchLinkTest {
    private final DeviceLoop loop = DeviceLoop.start("one", Engine.best());
    private final DeviceLoop otherLoop = DeviceLoop.start("other", Engine.best());
    private final SwitchLink link = new SwitchLink("switch");

    @AfterEach
    void close() {
        loop.close();
        otherLoop.close();
    }

    /** A NIC that keeps what it receives, as long as it has room. */
    private final class Nic implements RxBuffers {
        final List<byte[]> received = new ArrayList<>();
        final DeviceLoop on;
        final Port port;
        final TxLane tx;
        final RxLane rx;
        volatile int room = Integer.MAX_VALUE;

        Nic(DeviceLoop on, int vlan, int accepts) throws Exception {
            this.on = on;
            port = link.attach(new Link.Nic("nic", 1, vlan));
            tx = onLoop(on, () -> port.openTx(0, on));
            rx = onLoop(on, () -> port.openRx(0, on, accepts, this));
        }

        @Override
        public synchronized boolean put(Frame frame) {
            if (room == 0) {
                return false;
            }
            room--;
            received.add(Packets.bytes(frame));
            return true;
        }

        synchronized int count() {
            return received.size();
        }

        void send(byte[] bytes) throws Exception {
            onLoop(on, () -> {
                tx.send(Packets.frame(bytes, new Random(1)));
                tx.flush();
                return true;
            });
        }

        void await(int frames) throws InterruptedException {
            for (int i = 0; i < 2000 && count() < frames; i++) {
                Thread.sleep(1);
            }
            assertThat(count()).isEqualTo(frames);
        }
    }

    private static <T> T onLoop(DeviceLoop loop, Callable<T> task) throws Exception {
        return loop.call(task).get(10, TimeUnit.SECONDS);
    }

    private static byte[] frame(int to, int from) {
        byte[] bytes = new byte[60];
        if (to < 0) {
            java.util.Arrays.fill(bytes, 0, 6, (byte) 0xff);
        } else {
            bytes[0] = 2;
            bytes[5] = (byte) to;
        }
        bytes[6] = 2;
        bytes[11] = (byte) from;
        return bytes;
    }

    @Test
    void shouldFloodThenLearn() throws Exception {
        Nic a = new Nic(loop, 0, Offload.ALL);
        Nic b = new Nic(loop, 0, Offload.ALL);
        Nic c = new Nic(loop, 0, Offload.ALL);
        a.send(frame(2, 1));
        assertThat(List.of(a.count(), b.count(), c.count())).containsExactly(0, 1, 1);
        b.send(frame(1, 2));
        assertThat(List.of(a.count(), b.count(), c.count())).containsExactly(1, 1, 1);
        a.send(frame(2, 1));
        assertThat(List.of(a.count(), b.count(), c.count())).containsExactly(1, 2, 1);
        a.send(frame(-1, 1));
        assertThat(List.of(a.count(), b.count(), c.count())).containsExactly(1, 3, 2);
    }

    @Test
    void shouldKeepVlansApart() throws Exception {
        Nic a = new Nic(loop, 5, Offload.ALL);
        Nic b = new Nic(loop, 5, Offload.ALL);
        Nic c = new Nic(loop, 6, Offload.ALL);
        a.send(frame(-1, 1));
        c.send(frame(1, 3));
        assertThat(List.of(a.count(), b.count(), c.count())).containsExactly(0, 1, 0);
    }

    @Test
    void shouldNotSendAFrameBackWhereItCameFrom() throws Exception {
        Nic a = new Nic(loop, 0, Offload.ALL);
        Nic b = new Nic(loop, 0, Offload.ALL);
        a.send(frame(-1, 1));
        a.send(frame(1, 7));
        assertThat(List.of(a.count(), b.count())).containsExactly(0, 1);
    }

    @Test
    void shouldDropFramesFromGroups() throws Exception {
        Nic a = new Nic(loop, 0, Offload.ALL);
        Nic b = new Nic(loop, 0, Offload.ALL);
        byte[] bytes = frame(2, 1);
        bytes[6] = 3;
        a.send(bytes);
        assertThat(b.count()).isZero();
        assertThat(a.port.counters().droppedSent(Drop.MALFORMED)).isEqualTo(1);
    }

    @Test
    void shouldKeepFramesForAReceiverWithoutRoomAndTheirOrder() throws Exception {
        Nic a = new Nic(loop, 0, Offload.ALL);
        Nic b = new Nic(loop, 0, Offload.ALL);
        b.room = 1;
        for (int i = 0; i < 10; i++) {
            byte[] bytes = frame(2, 1);
            bytes[20] = (byte) i;
            a.send(bytes);
        }
        assertThat(b.count()).isEqualTo(1);
        b.room = Integer.MAX_VALUE;
        onLoop(loop, () -> {
            b.rx.roomAgain();
            return true;
        });
        b.await(10);
        for (int i = 0; i < 10; i++) {
            assertThat(b.received.get(i)[20]).isEqualTo((byte) i);
        }
    }

    @Test
    void shouldDropAndCountBeyondTheQueueOfAStuckReceiverAndServeOthers() throws Exception {
        Nic a = new Nic(loop, 0, Offload.ALL);
        Nic stuck = new Nic(otherLoop, 0, Offload.ALL);
        Nic c = new Nic(loop, 0, Offload.ALL);
        stuck.room = 0;
        byte[] large = java.util.Arrays.copyOf(frame(-1, 1), 1500);
        for (int i = 0; i < 2000; i++) {
            a.send(large);
        }
        assertThat(c.count()).isEqualTo(2000);
        assertThat(stuck.port.counters().droppedReceived(Drop.NO_BUFFERS)).isBetween(1000L, 1500L);
        stuck.room = Integer.MAX_VALUE;
        onLoop(otherLoop, () -> {
            stuck.rx.roomAgain();
            return true;
        });
        stuck.await(2000 - (int) stuck.port.counters().droppedReceived(Drop.NO_BUFFERS));
    }

    @Test
    void shouldHandOverBetweenLoops() throws Exception {
        Nic a = new Nic(loop, 0, Offload.ALL);
        Nic b = new Nic(otherLoop, 0, Offload.ALL);
        for (int i = 0; i < 100; i++) {
            a.send(frame(2, 1));
        }
        b.await(100);
    }

    @Test
    void shouldCutForAReceiverThatCannot() throws Exception {
        Nic a = new Nic(loop, 0, Offload.ALL);
        Nic b = new Nic(loop, 0, Offload.NONE);
        Nic c = new Nic(loop, 0, Offload.ALL);
        onLoop(loop, () -> {
            Frame frame = Packets.frame(Packets.packet(true, Packets.TCP, 10_000), new Random(1));
            frame.header().setCsum(34, 16);
            frame.header().setGso(NetHeader.GSO_TCPV4, 1000, 66);
            return a.tx.send(frame);
        });
        assertThat(b.count()).isEqualTo(10);
        assertThat(b.received).allMatch(bytes -> Packets.isSound(bytes, true, Packets.TCP));
        assertThat(c.count()).isEqualTo(1);
    }

    @Test
    void shouldForgetAReceiverThatIsClosed() throws Exception {
        Nic a = new Nic(loop, 0, Offload.ALL);
        Nic b = new Nic(loop, 0, Offload.ALL);
        onLoop(loop, () -> {
            b.rx.close(() -> {});
            return true;
        });
        a.send(frame(-1, 1));
        assertThat(b.count()).isZero();
        assertThat(b.port.counters().droppedReceived(Drop.LINK_DOWN)).isEqualTo(1);
    }
}
