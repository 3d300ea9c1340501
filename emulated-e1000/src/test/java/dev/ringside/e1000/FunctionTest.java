package dev.ringside.e1000;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.link.Link;
import dev.ringside.link.Links;
import dev.ringside.link.Port;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Engine;
import dev.ringside.metrics.Metrics;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The card as a PCI function: config space and the ways to its registers. */
class FunctionTest {
    private static final int FCAL = 0x28;
    private static final int TIPG = 0x410;
    private static final int TCTL = 0x400;
    private static final int TDBAL = 0x3800;
    private static final int TDLEN = 0x3808;
    private static final int TDH = 0x3810;
    private static final int TDT = 0x3818;

    private final Links links = new Links();
    private final FakeBus bus = new FakeBus();
    private DeviceLoop loop;
    private Port port;
    private E1000 card;

    @BeforeEach
    void start() throws Exception {
        loop = DeviceLoop.start("test", Engine.EPOLL);
        port = links.open("echo").attach(new Link.Nic("test", 1, 0));
        card = new E1000("test", TestDriver.MAC, port, loop, Metrics.NONE, Map.of());
        onLoop(() -> card.attach(bus));
    }

    @AfterEach
    void stop() throws Exception {
        CompletableFuture<Void> released = new CompletableFuture<>();
        onLoop(() -> card.detach(() -> released.complete(null)));
        released.get(5, TimeUnit.SECONDS);
        port.close();
        loop.close();
    }

    private void onLoop(Runnable work) throws Exception {
        loop.call(() -> {
                    work.run();
                    return true;
                })
                .get(5, TimeUnit.SECONDS);
    }

    private long config(int offset, int bytes) {
        byte[] read = new byte[bytes];
        card.configRead(offset, read);
        return ByteBuffer.wrap(Arrays.copyOf(read, 8))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getLong();
    }

    private void writeConfig(int offset, int value) {
        card.configWrite(
                offset,
                ByteBuffer.allocate(4)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(value)
                        .array());
    }

    @Test
    void shouldIntroduceItself() throws Exception {
        onLoop(() -> {
            assertThat(config(0, 4)).isEqualTo(0x100e8086L);
            assertThat(config(8, 4) >> 8).isEqualTo(0x020000);
            assertThat(config(0x34, 1)).isEqualTo(0xdc);
            assertThat(config(0xdc, 2)).isEqualTo(1);
            assertThat(config(0x3d, 1)).isEqualTo(1);
            writeConfig(0x10, -1);
            assertThat(config(0x10, 4)).isEqualTo(0xfffe0000L);
            writeConfig(0x18, -1);
            assertThat(config(0x18, 4)).isEqualTo(0xffffffc1L);
            writeConfig(0x14, -1);
            assertThat(config(0x14, 4)).isZero();
            writeConfig(0x30, -1);
            assertThat(config(0x30, 4)).isZero();
            writeConfig(0, 0);
            assertThat(config(0, 4)).isEqualTo(0x100e8086L);
        });
    }

    @Test
    void shouldResetWhenItWakesUp() throws Exception {
        onLoop(() -> {
            card.barWrite(0, FCAL, 4, 1);
            writeConfig(0xe0, 1);
            assertThat(config(0xe0, 1)).as("D1 is not supported").isZero();
            writeConfig(0xe0, 3);
            assertThat(config(0xe0, 1)).isEqualTo(3);
            writeConfig(0xe0, 0);
            assertThat(card.barRead(0, FCAL, 4)).isZero();
        });
    }

    @Test
    void shouldTakeWholeRegistersOnly() throws Exception {
        onLoop(() -> {
            card.barWrite(0, FCAL, 4, 0x12345678);
            card.barWrite(0, FCAL, 1, 0xff);
            card.barWrite(0, FCAL, 2, 0xffff);
            card.barWrite(0, FCAL + 2, 4, -1);
            assertThat(card.barRead(0, FCAL, 4)).isEqualTo(0x12345678);
            assertThat(card.barRead(0, FCAL + 1, 1)).isEqualTo(0x56);
            assertThat(card.barRead(0, FCAL + 2, 2)).isEqualTo(0x1234);
            card.barWrite(0, FCAL, 8, 0x0000_9abc_dead_beefL);
            assertThat(card.barRead(0, FCAL, 8)).isEqualTo(0x0000_9abc_dead_beefL);
            assertThat(card.barRead(0, FCAL + 2, 4)).isEqualTo(0x9abc_deadL);
        });
    }

    @Test
    void shouldAnswerEveryAccess() throws Exception {
        onLoop(() -> {
            for (int width = 1; width <= 8; width *= 2) {
                for (int offset = 0; offset <= 0x20000 - width; offset++) {
                    card.barRead(0, offset, width);
                }
                for (int offset = 0; offset <= 64 - width; offset++) {
                    card.barWrite(2, offset, width, -1);
                    card.barRead(2, offset, width);
                }
            }
        });
    }

    @Test
    void shouldSurviveWritesOfEveryWidthAndAlignment() throws Exception {
        onLoop(() -> {
            for (int width = 1; width <= 8; width *= 2) {
                for (int offset = 0; offset <= 0x20000 - width; offset++) {
                    card.barWrite(0, offset, width, -1);
                }
            }
            card.reset();
            assertThat(card.barRead(0, TIPG, 4)).isEqualTo(0x00602006);
        });
    }

    /** As from a driver with a long ring, or one that never ends to add to it: the loop's other devices wait meanwhile. */
    @Test
    void shouldLeaveTheLoopToOthersBetweenManyPackets() throws Exception {
        int packets = 1000;
        int ring = 0x10000;
        long descriptors = 1024;
        List<Integer> heads = new ArrayList<>();
        CompletableFuture<Void> finished = new CompletableFuture<>();
        Runnable other = new Runnable() {
            @Override
            public void run() {
                int head = (int) card.barRead(0, TDH, 4);
                heads.add(head);
                if (head == packets) {
                    finished.complete(null);
                } else {
                    loop.atEndOfTurn(this);
                }
            }
        };
        onLoop(() -> {
            for (long i = 0; i < packets; i++) {
                long at = ring + 16 * i;
                bus.memory.set(ValueLayout.JAVA_LONG_UNALIGNED, at, 0x8000);
                bus.memory.set(ValueLayout.JAVA_LONG_UNALIGNED, at + 8, (TestDriver.EOP | TestDriver.IFCS) | 60L);
            }
            writeConfig(4, 7);
            card.barWrite(0, TDBAL, 4, ring);
            card.barWrite(0, TDLEN, 4, 16 * descriptors);
            card.barWrite(0, TCTL, 4, TestDriver.TCTL_EN);
            card.barWrite(0, TDT, 4, packets);
            heads.add((int) card.barRead(0, TDH, 4));
            loop.atEndOfTurn(other);
        });
        finished.get(5, TimeUnit.SECONDS);
        for (int i = 1; i < heads.size(); i++) {
            assertThat(heads.get(i) - heads.get(i - 1)).isLessThanOrEqualTo(Transmitter.BUDGET);
        }
    }

    @Test
    void shouldOpenAWindowInIoSpace() throws Exception {
        onLoop(() -> {
            card.barWrite(2, 0, 4, TIPG);
            card.barWrite(2, 4, 4, 0x123);
            assertThat(card.barRead(0, TIPG, 4)).isEqualTo(0x123);
            assertThat(card.barRead(2, 4, 4)).isEqualTo(0x123);
            assertThat(card.barRead(2, 0, 4)).isEqualTo(TIPG);
            card.barWrite(2, 0, 4, 0);
            card.barWrite(2, 4, 4, 1 << 26);
            assertThat(card.barRead(0, TIPG, 4)).isEqualTo(0x00602006);
            card.barWrite(2, 0, 4, -4);
            assertThat(card.barRead(2, 4, 4)).isZero();
        });
    }

    @Test
    void shouldServeTheOldAddresses() throws Exception {
        onLoop(() -> {
            card.barWrite(0, 0x0110, 4, 0x1230);
            assertThat(card.barRead(0, 0x2800, 4)).isEqualTo(0x1230);
            card.barWrite(0, 0x0048, 4, 0x77);
            assertThat(card.barRead(0, 0x5408, 4)).isEqualTo(0x77);
        });
    }

    @Test
    void shouldCountTraps() throws Exception {
        onLoop(() -> {
            card.barRead(0, 0xc0, 4);
            card.barWrite(0, 0xd0, 4, 0);
            card.barRead(0, 0x3c, 4);
        });
        assertThat(card.traps().reads(Register.ICR)).isEqualTo(1);
        assertThat(card.traps().writes(Register.IMS)).isEqualTo(1);
        assertThat(card.traps().otherReads()).isEqualTo(1);
    }
}
