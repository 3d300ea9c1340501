package dev.ringside.it.live;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.testing.FakeChain;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.FakeVring;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;

/** Pings the echo link. */
final class NicCanary implements Canary {
    private static final int HEADER_BYTES = 12;
    private static final int BUFFER_BYTES = 2048;
    /** VIRTIO_NET_F_MAC and VERSION_1; no offloads, so that a buffer takes any frame. */
    private static final long FEATURES = 1L << 5 | 1L << 32 | 1L << 30;

    private final Random random;
    private final FakeMemory memory = FakeMemory.of(1 << 20).region(1L << 32, 1L << 32, 1 << 20);
    private final FakeFrontEnd frontEnd;
    private final FakeVring rx;
    private final FakeVring tx;

    NicCanary(Path socket, long seed) {
        random = new Random(seed);
        frontEnd = FakeFrontEnd.connect(socket).negotiate(FEATURES, -1);
        frontEnd.setMemTable(memory);
        rx = frontEnd.vring(0, 16, memory).run();
        tx = frontEnd.vring(1, 16, memory).run();
    }

    @Override
    public void singOnce() {
        Ping ping = Ping.random(random);
        byte[] sent = new byte[HEADER_BYTES + ping.frame().length];
        System.arraycopy(ping.frame(), 0, sent, HEADER_BYTES, ping.frame().length);
        memory.allocateFrom(1);
        FakeChain room = rx.driver().chain().writable(BUFFER_BYTES).offer();
        rx.kick();
        FakeChain frame = tx.driver().chain().readable(sent).offer();
        tx.kick();
        assertThat(tx.awaitUsed().id()).isEqualTo(frame.id());
        assertThat(rx.awaitUsed().written()).isEqualTo(sent.length);
        ping.check(Arrays.copyOfRange(room.writable(), HEADER_BYTES, sent.length));
    }

    @Override
    public void close() {
        frontEnd.close();
        rx.close();
        tx.close();
        memory.close();
    }
}
