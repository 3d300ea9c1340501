package dev.ringside.queue;

import dev.ringside.fault.ChainFault;
import dev.ringside.fault.RingFault;
import dev.ringside.memory.GuestMemory;
import dev.ringside.testing.Buffer;
import dev.ringside.testing.FakeDriver;
import dev.ringside.testing.FakeDriver.Used;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.PackedDriver;
import dev.ringside.testing.SplitDriver;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A ring of which one side does a step while the other does one, on another processor, for {@link RingRaces}. There are
 * very many of them, so that they take turns in one mapping.
 */
abstract class RingRace {
    static final int READABLE = 24;
    static final int WRITTEN = 7;

    private static final int SIZE = 4;
    private static final long SLOT_BYTES = 512;
    /** Far more than there are at a time. */
    private static final int SLOTS = 1 << 16;

    private static final FakeMemory MEMORY = FakeMemory.of(SLOTS * SLOT_BYTES);
    private static final GuestMemory GUEST = MEMORY.memory();
    private static final AtomicInteger NEXT = new AtomicInteger();
    private static final List<Buffer> BUFFERS = List.of(
            new Buffer(FakeMemory.GUEST_ADDRESS, READABLE, false), new Buffer(FakeMemory.GUEST_ADDRESS, 100, true));

    private final DescriptorChain chain = new DescriptorChain(0);
    final FakeDriver driver;
    final Virtqueue queue;

    RingRace(boolean packed) {
        long slot = FakeMemory.USER_ADDRESS + (NEXT.getAndIncrement() & (SLOTS - 1)) * SLOT_BYTES;
        VringAddress address = new VringAddress(slot, slot + 128, slot + 256);
        RingFeatures features = new RingFeatures(true, true);
        try {
            driver = packed
                    ? new PackedDriver(MEMORY, SIZE, true, address, PackedDriver.FIRST)
                    : new SplitDriver(MEMORY, SIZE, true, address, 0);
            queue = packed
                    ? new PackedVirtqueue(SIZE, driver.base(), address, features, GUEST)
                    : new SplitVirtqueue(SIZE, 0, address, features, GUEST);
        } catch (RingFault e) {
            throw new AssertionError(e);
        }
    }

    /** The driver has a chain in the ring that it has not shown yet, and is not to kick for it. */
    final void prepareKick() {
        // The event index of a split ring begins where the first chain would kick in any case.
        offer();
        take();
        use();
        queue.publish();
        driver.takeUsed();
        queue.disarmKicks();
        driver.add(BUFFERS, List.of());
    }

    /** The device has a used chain in the ring that it has not shown yet, and is not to call for it. */
    final void prepareCall() {
        // The first call comes in any case.
        offer();
        take();
        use();
        queue.publish();
        driver.takeUsed();
        driver.disarmCalls();
        offer();
        take();
        use();
    }

    final void offer() {
        driver.add(BUFFERS, List.of());
        driver.publish();
    }

    /** The readable bytes of the next chain, 0 if there is none. */
    final long take() {
        try {
            return queue.poll(chain) ? chain.readableBytes() : 0;
        } catch (ChainFault | RingFault e) {
            return -1;
        }
    }

    final void use() {
        queue.push(chain, WRITTEN);
    }

    /** The written bytes of the next used chain, 0 if there is none. */
    final long reap() {
        Used used = driver.takeUsed();
        return used == null ? 0 : used.written();
    }

    final boolean armKicks() {
        try {
            return queue.armKicks();
        } catch (RingFault e) {
            throw new AssertionError(e);
        }
    }
}
