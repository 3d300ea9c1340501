package dev.ringside.it.live;

import dev.ringside.linux.EventFd;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeIommu;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.FakeVring;
import dev.ringside.testing.VhostUser;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A vhost-user front-end that sets its vrings up as it should, and does anything from there on; again and again. Every third
 * time the device is behind its IOMMU.
 */
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
                FakeFrontEnd frontEnd = FakeFrontEnd.connect(socket);
                FakeIommu iommu = random.nextInt(3) == 0 ? FakeIommu.before(frontEnd, memory, packed) : null) {
            if (iommu != null) {
                iommu.updateAll();
            } else if (packed) {
                frontEnd.negotiatePacked().setMemTable(memory);
            } else {
                frontEnd.negotiate().setMemTable(memory);
            }
            for (int i = 0; i < queues; i++) {
                vrings.add(frontEnd.vring(i, RING_SIZE, memory).run());
            }
            FakeMemory.Region region = memory.regions().getFirst();
            try (Rewriter rewriter = new Rewriter(region.mapping().memory(), RING_BYTES, random.nextLong())) {
                misbehave(frontEnd, memory, vrings, iommu);
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

    private void misbehave(
            FakeFrontEnd frontEnd, FakeMemory memory, List<FakeVring> vrings, @Nullable FakeIommu iommu) {
        int steps = 20 + random.nextInt(MAX_STEPS);
        for (int step = 0; step < steps; step++) {
            FakeVring vring = vrings.get(random.nextInt(vrings.size()));
            if (iommu != null && random.nextInt(4) == 0) {
                mapAnew(iommu);
            }
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

    /** Takes a page back, maps one anywhere, or answers a miss, rightly or not; of buffers and rings. */
    private void mapAnew(FakeIommu iommu) {
        long offset = random.nextInt(MEMORY_BYTES) & -FakeIommu.PAGE;
        long address = (random.nextBoolean() ? FakeMemory.GUEST_ADDRESS : FakeMemory.USER_ADDRESS) + offset;
        long anyPage = FakeMemory.USER_ADDRESS + (random.nextInt(MEMORY_BYTES) & -FakeIommu.PAGE);
        switch (random.nextInt(8)) {
            case 0 -> iommu.invalidate(address, FakeIommu.PAGE);
            case 1 -> iommu.update(address, FakeIommu.PAGE, anyPage, 1 + random.nextInt(VhostUser.ACCESS_RW));
            default -> {
                if (iommu.isAskedAlready()) {
                    FakeIommu.Miss miss = iommu.awaitMiss();
                    long right = miss.page() >= FakeMemory.USER_ADDRESS
                            ? miss.page()
                            : miss.page() - FakeMemory.GUEST_ADDRESS + FakeMemory.USER_ADDRESS;
                    long where = random.nextInt(8) == 0 ? anyPage : right;
                    iommu.update(miss.page(), FakeIommu.PAGE, where, miss.access());
                }
            }
        }
    }
}
