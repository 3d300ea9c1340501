package dev.ringside.it.live;

import dev.ringside.it.support.Await;
import dev.ringside.testing.FakeMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Random;

/** A driver of the emulated card that pings the echo link. */
final class CardCanary implements Canary {
    static final int STATUS = 0x8;
    static final int RCTL = 0x100;
    static final int TCTL = 0x400;
    static final int RX_RING = 0x2800;
    static final int TX_RING = 0x3800;
    /** Within a ring's registers. */
    static final int LEN = 8;

    static final int HEAD = 0x10;
    static final int TAIL = 0x18;

    static final int ENTRIES = 8;
    static final int MEMORY_BYTES = 1 << 20;

    private static final int LINK_UP = 2;
    private static final int COMMAND = 4;
    private static final int MEMORY_AND_MASTER = 6;
    private static final int ENABLED_FOR_ALL_WITHOUT_FCS = 1 << 1 | 1 << 3 | 1 << 4 | 1 << 15 | 1 << 26;
    private static final int TCTL_ENABLED_PADDING = 1 << 1 | 1 << 3;
    private static final long WHOLE_FRAME = 1L << 24 | 1L << 25 | 1L << 27;
    private static final int BUFFERS = 0x10000;
    private static final int BUFFER_BYTES = 2048;
    private static final int TX_BUFFER = 0x80000;

    private final Random random;
    private final FakeMemory shared = FakeMemory.of(MEMORY_BYTES);
    private final MemorySegment memory = shared.regions().getFirst().mapping().memory();
    private final VfioClient client;
    private int next;

    CardCanary(Path socket, long seed) throws Exception {
        random = new Random(seed);
        client = new VfioClient(socket);
        setUp(client, shared);
        for (int i = 0; i < ENTRIES; i++) {
            memory.set(ValueLayout.JAVA_LONG, 0x1000 + 16L * i, BUFFERS + (long) i * BUFFER_BYTES);
        }
        client.write(VfioClient.BAR_0, RX_RING + TAIL, ENTRIES - 1);
        Await.until("the link is up", () -> (client.read(VfioClient.BAR_0, STATUS) & LINK_UP) != 0);
    }

    /** Maps memory at 0, and lays an empty transmit ring at its beginning and a receive ring behind that. */
    static void setUp(VfioClient client, FakeMemory shared) throws Exception {
        client.write(VfioClient.CONFIG, COMMAND, MEMORY_AND_MASTER);
        client.map(0, MEMORY_BYTES, shared.regions().getFirst().fd());
        for (int ring : new int[] {TX_RING, RX_RING}) {
            client.write(VfioClient.BAR_0, ring, ring == TX_RING ? 0 : 0x1000);
            client.write(VfioClient.BAR_0, ring + 4L, 0);
            client.write(VfioClient.BAR_0, ring + LEN, ENTRIES * 16);
            client.write(VfioClient.BAR_0, ring + HEAD, 0);
            client.write(VfioClient.BAR_0, ring + TAIL, 0);
        }
        client.write(VfioClient.BAR_0, RCTL, ENABLED_FOR_ALL_WITHOUT_FCS);
        client.write(VfioClient.BAR_0, TCTL, TCTL_ENABLED_PADDING);
    }

    @Override
    public void singOnce() throws Exception {
        Ping ping = Ping.random(random);
        byte[] sent = ping.frame();
        MemorySegment.copy(sent, 0, memory, ValueLayout.JAVA_BYTE, TX_BUFFER, sent.length);
        int index = next;
        next = (next + 1) % ENTRIES;
        memory.set(ValueLayout.JAVA_LONG, 16L * index, TX_BUFFER);
        memory.set(ValueLayout.JAVA_LONG, 16L * index + 8, WHOLE_FRAME | sent.length);
        client.write(VfioClient.BAR_0, TX_RING + TAIL, next);
        long descriptor = 0x1000 + 16L * index;
        Await.until("a frame has come back", () -> (memory.get(ValueLayout.JAVA_BYTE, descriptor + 12) & 1) != 0);
        int bytes = memory.get(ValueLayout.JAVA_SHORT, descriptor + 8);
        ping.check(memory.asSlice(BUFFERS + (long) index * BUFFER_BYTES, bytes).toArray(ValueLayout.JAVA_BYTE));
        memory.set(ValueLayout.JAVA_LONG, descriptor + 8, 0);
        client.write(VfioClient.BAR_0, RX_RING + TAIL, index);
    }

    @Override
    public void close() {
        client.close();
        shared.close();
    }
}
