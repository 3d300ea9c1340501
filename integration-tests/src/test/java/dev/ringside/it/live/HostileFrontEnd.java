package dev.ringside.it.live;

import dev.ringside.linux.EventFd;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.FakeVring;
import dev.ringside.testing.VhostUser;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** A vhost-user front-end that sets its vrings up as it should, and does anything from there on; again and again. */
final class HostileFrontEnd implements HostilePeer {
    private static final int MEMORY_BYTES = 2 << 20;
    private static final int RING_BYTES = 64 << 10;
    private static final int RING_SIZE = 32;
    private static final int MAX_STEPS = 400;

    private final Path socket;
    private final int queues;
    private final SplittableRandom random;

    /** @param queues that the device has */
    HostileFrontEnd(Path socket, int queues, long seed) {
        this.socket = socket;
        this.queues = queues;
        this.random = new SplittableRandom(seed);
    }

    @Override
    public long attack() {
        boolean packed = random.nextBoolean();
        List<FakeVring> vrings = new ArrayList<>();
        try (FakeMemory memory = FakeMemory.of(MEMORY_BYTES);
                FakeFrontEnd frontEnd = FakeFrontEnd.connect(socket)) {
            if (packed) {
                frontEnd.negotiatePacked();
            } else {
                frontEnd.negotiate();
            }
            frontEnd.setMemTable(memory);
            for (int i = 0; i < queues; i++) {
                vrings.add(frontEnd.vring(i, RING_SIZE, memory).run());
            }
            FakeMemory.Region region = memory.regions().getFirst();
            try (Rewriter rewriter = new Rewriter(region.mapping().memory(), RING_BYTES, random.nextLong())) {
                misbehave(frontEnd, memory, vrings);
                if (random.nextInt(4) == 0) {
                    region.truncate(random.nextInt(2) * 4096L);
                    vrings.forEach(vring -> EventFd.signal(vring.kickFd()));
                }
                return rewriter.stores();
            }
        } finally {
            vrings.forEach(FakeVring::close);
        }
    }

    private void misbehave(FakeFrontEnd frontEnd, FakeMemory memory, List<FakeVring> vrings) {
        int steps = 20 + random.nextInt(MAX_STEPS);
        for (int step = 0; step < steps; step++) {
            FakeVring vring = vrings.get(random.nextInt(vrings.size()));
            switch (random.nextInt(40)) {
                case 0 -> frontEnd.acknowledged(VhostUser.SET_VRING_ENABLE, FakeFrontEnd.vringState(vring.index(), 1));
                case 1 -> frontEnd.acknowledged(VhostUser.SET_VRING_ENABLE, FakeFrontEnd.vringState(vring.index(), 0));
                case 2 -> {
                    vring.stop();
                    // The ring may be anything by now: whether it starts again is the back-end's to say.
                    frontEnd.acknowledged(
                            VhostUser.SET_VRING_KICK,
                            new byte[] {(byte) vring.index(), 0, 0, 0, 0, 0, 0, 0},
                            vring.kickFd());
                }
                case 3 ->
                    frontEnd.acknowledged(
                            VhostUser.SET_MEM_TABLE, FakeFrontEnd.regions(memory), FakeFrontEnd.fds(memory));
                case 4 -> frontEnd.checkAlive();
                default -> {
                    vring.kick();
                    Thread.onSpinWait();
                }
            }
        }
    }
}
