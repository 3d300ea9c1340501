package dev.ringside.net;

import dev.ringside.device.DemandHandler;
import dev.ringside.device.QueueContext;
import dev.ringside.queue.DescriptorChain;

/** A queue whose chains stay where they are. */
final class UnusedQueue implements DemandHandler {
    private final QueueContext queue;

    UnusedQueue(QueueContext queue) {
        this.queue = queue;
    }

    @Override
    public boolean available() {
        return false;
    }

    @Override
    public void giveBack() {
        // Nothing was taken.
    }

    @Override
    public void reject(DescriptorChain chain) {
        queue.complete(chain, 0);
    }

    @Override
    public void close() {
        // Nothing is held.
    }
}
