package dev.ringside.it.live;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.testing.FakeChain;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.FakeVring;
import dev.ringside.testing.Payload;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;

/** Writes sectors and reads them back. */
final class DiskCanary implements Canary {
    private static final int IN = 0;
    private static final int OUT = 1;
    private static final int SECTOR = 512;
    private static final int MOST_SECTORS = 8;

    private final Random random;
    private final int sectors;
    private final FakeMemory memory = FakeMemory.of(1 << 20).region(1L << 32, 1L << 32, 1 << 20);
    private final FakeFrontEnd frontEnd;
    private final FakeVring vring;

    DiskCanary(Path socket, int sectors, long seed) {
        this.sectors = sectors;
        random = new Random(seed);
        frontEnd = FakeFrontEnd.connect(socket).negotiate();
        frontEnd.setMemTable(memory);
        vring = frontEnd.vring(0, 16, memory).run();
    }

    @Override
    public void singOnce() {
        byte[] data = new byte[SECTOR * (1 + random.nextInt(MOST_SECTORS))];
        random.nextBytes(data);
        long sector = random.nextInt(sectors - MOST_SECTORS);
        assertThat(request(OUT, sector, data, 1)).isEqualTo(new byte[1]);
        byte[] read = request(IN, sector, new byte[0], data.length + 1);
        assertThat(Arrays.copyOf(read, data.length)).isEqualTo(data);
        assertThat(read[data.length]).isZero();
    }

    private byte[] request(int type, long sector, byte[] data, int writable) {
        memory.allocateFrom(1);
        var chain = vring.driver()
                .chain()
                .readable(new Payload().u32(type, 0).u64(sector).done());
        if (data.length > 0) {
            chain.readable(data);
        }
        FakeChain offered = chain.writable(writable).offer();
        vring.kick();
        assertThat(vring.awaitUsed().id()).isEqualTo(offered.id());
        return offered.writable();
    }

    @Override
    public void close() {
        frontEnd.close();
        vring.close();
        memory.close();
    }
}
