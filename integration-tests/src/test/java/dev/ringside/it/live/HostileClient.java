package dev.ringside.it.live;

import dev.ringside.testing.FakeMemory;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;

/** A vfio-user client, and a driver of the emulated card, that do anything once the card works; again and again. */
final class HostileClient implements HostilePeer {
    private static final int RING_BYTES = 0x2000;
    private static final int MAX_STEPS = 600;
    private static final int COMMANDS = 17;
    private static final int[] REGISTERS = {
        0x0, 0x8, 0x14, 0x18, 0x20, 0x28, 0xc0, 0xc4, 0xc8, 0xd0, 0xd8, 0x100, 0x400, 0x2820, 0x282c, 0x3820, 0x382c,
        0x5400, 0x5404
    };

    private final Path socket;
    private final SplittableRandom random;

    HostileClient(Path socket, long seed) {
        this.socket = socket;
        this.random = new SplittableRandom(seed);
    }

    @Override
    public long attack() throws Exception {
        try (FakeMemory shared = FakeMemory.of(CardCanary.MEMORY_BYTES);
                VfioClient client = new VfioClient(socket)) {
            CardCanary.setUp(client, shared);
            FakeMemory.Region region = shared.regions().getFirst();
            try (Rewriter rewriter = new Rewriter(region.mapping().memory(), RING_BYTES, random.nextLong())) {
                int steps = 20 + random.nextInt(MAX_STEPS);
                for (int step = 0; step < steps; step++) {
                    step(client, shared);
                }
                if (random.nextInt(4) == 0) {
                    region.truncate(0);
                    client.write(VfioClient.BAR_0, CardCanary.TX_RING + CardCanary.TAIL, 3);
                }
                return rewriter.stores();
            }
        }
    }

    private void step(VfioClient client, FakeMemory shared) throws Exception {
        int ring = random.nextBoolean() ? CardCanary.TX_RING : CardCanary.RX_RING;
        switch (random.nextInt(20)) {
            case 0 -> client.write(VfioClient.BAR_0, REGISTERS[random.nextInt(REGISTERS.length)], random.nextInt());
            case 1 -> client.read(VfioClient.BAR_0, random.nextInt(0x8000) * 4L);
            case 2 ->
                client.write(VfioClient.BAR_0, ring + 4L * random.nextInt(7), random.nextInt() >>> random.nextInt(32));
            case 3 -> {
                byte[] bytes = new byte[random.nextInt(40)];
                for (int i = 0; i < bytes.length; i++) {
                    bytes[i] = (byte) random.nextInt();
                }
                // DMA_READ and DMA_WRITE are a server's, and a second VERSION is refused: all are answered.
                client.call(
                        1 + random.nextInt(COMMANDS),
                        List.of(),
                        VfioClient.body().put(bytes));
            }
            case 4 -> CardCanary.setUp(client, shared);
            default -> client.write(VfioClient.BAR_0, ring + CardCanary.TAIL, random.nextInt(CardCanary.ENTRIES));
        }
    }
}
