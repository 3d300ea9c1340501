package dev.ringside.queue;

import dev.ringside.fault.ChainFault;
import dev.ringside.fault.RingFault;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.SplitDriver;

/** One split ring with its driver on one end and the queue under test on the other. */
final class SplitRing implements AutoCloseable {
    final FakeMemory memory;
    final SplitDriver driver;
    final SplitVirtqueue queue;
    /** For tests that have one chain in flight. */
    final DescriptorChain chain = new DescriptorChain(0);

    private SplitRing(FakeMemory memory, SplitDriver driver, RingFeatures features, int base) throws RingFault {
        this.memory = memory;
        this.driver = driver;
        this.queue = new SplitVirtqueue(driver.size(), base, driver.address(), features, memory.memory());
    }

    /** A ring with INDIRECT_DESC and EVENT_IDX. */
    static SplitRing of(int size) throws RingFault {
        return of(size, new RingFeatures(true, true));
    }

    static SplitRing of(int size, RingFeatures features) throws RingFault {
        return in(FakeMemory.of(4 << 20), size, features, 0);
    }

    static SplitRing startingAt(int base, int size, RingFeatures features) throws RingFault {
        return in(FakeMemory.of(4 << 20), size, features, base);
    }

    /** A ring in the first region of a memory, which it takes over. */
    static SplitRing in(FakeMemory memory, int size, RingFeatures features, int base) throws RingFault {
        SplitDriver anywhere = new SplitDriver(memory, size, features.eventIdx());
        SplitDriver driver = new SplitDriver(memory, size, features.eventIdx(), anywhere.address(), base);
        return new SplitRing(memory, driver, features, base);
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
        driver.chain().readableAt(FakeMemory.GUEST_ADDRESS, 8).offer();
        boolean call = serveOne(0);
        if (driver.takeUsed() == null) {
            throw new AssertionError("nothing was used");
        }
        return call;
    }

    @Override
    public void close() {
        memory.close();
    }
}
