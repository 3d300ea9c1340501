package dev.ringside.queue;

import dev.ringside.fault.PeerFault;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;

/** Takes requests and gives them back out of order, a few at a time. What it keeps to itself dies with it. */
public final class InflightLife implements DeviceLife {
    @Override
    public void serve(Ring ring, MemorySegment inflight, int base, LongConsumer executed, Runnable driver)
            throws PeerFault {
        RingFeatures features = new RingFeatures(false, true);
        Virtqueue queue = ring.packed()
                ? new PackedVirtqueue(ring.size(), base, ring.address(), features, ring.memory(), inflight)
                : new SplitVirtqueue(ring.size(), base, ring.address(), features, ring.memory(), inflight);
        List<DescriptorChain> taken = new ArrayList<>();
        while (!queue.isEmpty() || !taken.isEmpty()) {
            boolean more = false;
            for (int i = 0; i < 3; i++) {
                DescriptorChain chain = new DescriptorChain(0);
                if (queue.poll(chain)) {
                    executed.accept(chain.readU64(0));
                    taken.add(chain);
                    more = true;
                }
            }
            // The youngest two of what is there, and in the end all.
            int count = more ? Math.min(2, taken.size()) : taken.size();
            for (int i = 0; i < count; i++) {
                queue.push(taken.removeLast(), 0);
            }
            queue.publish();
            queue.armKicks();
            driver.run();
        }
    }
}
