package dev.ringside.queue;

import dev.ringside.fault.ChainFault;
import dev.ringside.fault.RingFault;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.PackedDriver;

/** One packed ring with its driver on one end and the queue under test on the other. */
final class PackedRing implements AutoCloseable {
    final FakeMemory memory;
    final PackedDriver driver;
    final PackedVirtqueue queue;
    /** For tests that have one chain in flight. */
    final DescriptorChain chain = new DescriptorChain(0);

    private PackedRing(FakeMemory memory, PackedDriver driver, RingFeatures features) throws RingFault {
        this.memory = memory;
        this.driver = driver;
        this.queue = new PackedVirtqueue(driver.size(), driver.base(), driver.address(), features, memory.memory());
    }

    /** A ring with INDIRECT_DESC and EVENT_IDX. */
    static PackedRing of(int size) throws RingFault {
        return of(size, new RingFeatures(true, true));
    }

    static PackedRing of(int size, RingFeatures features) throws RingFault {
        return startingAt(PackedDriver.FIRST, size, features);
    }

    /** @param place index, and the wrap counter in bit 15 */
    static PackedRing startingAt(int place, int size, RingFeatures features) throws RingFault {
        return in(FakeMemory.of(4 << 20), size, features, place);
    }

    /** A ring in the first region of a memory, which it takes over. */
    static PackedRing in(FakeMemory memory, int size, RingFeatures features, int place) throws RingFault {
        return new PackedRing(memory, new PackedDriver(memory, size, features.eventIdx(), place), features);
    }

    /** Takes one chain, says that so much was written, publishes. Returns what {@code publish} says. */
    boolean serveOne(long written) throws ChainFault, RingFault {
        if (!queue.poll(chain)) {
            throw new AssertionError("no chain is available");
        }
        queue.push(chain, written);
        return queue.publish();
    }

    /** Offers one chain and serves it. Returns whether the driver wants to be called. */
    boolean roundTrip() throws ChainFault, RingFault {
        return roundTrip(1);
    }

    /** The same with a chain of so many descriptors. */
    boolean roundTrip(int descriptors) throws ChainFault, RingFault {
        var builder = driver.chain();
        for (int i = 0; i < descriptors; i++) {
            builder.readableAt(FakeMemory.GUEST_ADDRESS + i, 8);
        }
        int id = builder.offer().id();
        boolean call = serveOne(0);
        var used = driver.takeUsed();
        if (used == null || used.id() != id || chain.readableBytes() != 8L * descriptors) {
            throw new AssertionError("chain %d of %d came back as %s".formatted(id, descriptors, used));
        }
        return call;
    }

    @Override
    public void close() {
        memory.close();
    }
}
