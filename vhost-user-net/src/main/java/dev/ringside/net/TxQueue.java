package dev.ringside.net;

import dev.ringside.device.DemandHandler;
import dev.ringside.device.QueueContext;
import dev.ringside.fault.FaultLog;
import dev.ringside.link.Counters;
import dev.ringside.link.Drop;
import dev.ringside.link.Frame;
import dev.ringside.link.NetHeader;
import dev.ringside.link.Port;
import dev.ringside.link.TxLane;
import dev.ringside.queue.DescriptorChain;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A transmit queue (virtio 1.2 §5.1.6.2): each chain is a header and a frame, which is sent from where it lies. The
 * chain is completed at once, for the link is done with it then; if the link has no room, the chain stays in the ring.
 */
final class TxQueue implements DemandHandler {
    /** Frames sent in one go, before the loop's other queues get their turn. */
    private static final int BUDGET = 64;

    /** Chains taken at once. */
    private static final int BATCH = 32;

    private final String name;
    private final QueueContext queue;
    private final TxLane lane;
    private final Counters drops;
    private final NetStats stats;
    private final FaultLog faults;
    private final int headerBytes;
    private final int offloads;
    private final Frame frame = new Frame();
    private final @Nullable DescriptorChain[] batch = new DescriptorChain[BATCH];
    /** Whether the batch is the last that was taken from the ring: a chain may have been rejected in between. */
    private boolean givable;

    /** Kept, so that touching is not found to be useless. */
    @SuppressWarnings("unused")
    private int touched;

    private final Runnable flush = this::flush;
    private boolean flushPending;

    /**
     * Opens the lane.
     *
     * @param features as negotiated
     */
    TxQueue(String name, QueueContext queue, Port port, int pair, NetStats stats, FaultLog faults, long features) {
        this.name = name;
        this.queue = queue;
        this.drops = port.counters();
        this.stats = stats;
        this.faults = faults;
        this.headerBytes = NetFeature.headerBytes(features);
        this.offloads = NetFeature.hostOffloads(features);
        this.lane = port.openTx(pair, queue.loop(), queue::lookAgain);
    }

    @Override
    public boolean available() {
        int sent = 0;
        while (sent < BUDGET) {
            int count = takeBatch();
            if (count == 0) {
                break;
            }
            int served = serveBatch(count);
            sent += served;
            if (served < count) {
                break;
            }
        }
        return sent > 0;
    }

    /**
     * Takes some chains and touches their headers and frames. What another processor has just written comes from its
     * cache, each line in much more time than a frame takes here; in such a short loop, many are on their way at once.
     */
    private int takeBatch() {
        int count = 0;
        givable = true;
        while (count < BATCH) {
            DescriptorChain chain = queue.take();
            if (chain == null) {
                break;
            }
            batch[count++] = chain;
        }
        int sum = 0;
        try {
            for (int i = 0; i < count; i++) {
                sum += touch(batch(i));
            }
        } catch (InternalError e) {
            // Its memory is gone, which it is told in its turn.
        }
        touched = sum;
        return count;
    }

    private int touch(DescriptorChain chain) {
        if (chain.readableSegments() == 0) {
            return 0;
        }
        MemorySegment memory = chain.memory(0);
        long end = chain.offset(0) + chain.length(0) - 1;
        return memory.get(ValueLayout.JAVA_BYTE, chain.offset(0))
                + memory.get(ValueLayout.JAVA_BYTE, Math.min(chain.offset(0) + headerBytes, end));
    }

    private DescriptorChain batch(int index) {
        return Objects.requireNonNull(batch[index]);
    }

    /** Completes the chains of a batch, or gives back those that the link has no room for. Returns how many it served. */
    private int serveBatch(int count) {
        int served = 0;
        try {
            while (served < count && serve(batch(served))) {
                batch[served] = null;
                served++;
            }
        } catch (InternalError | RuntimeException e) {
            // It has been completed.
            batch[served] = null;
            throw e;
        } finally {
            giveBack(served, count);
        }
        return served;
    }

    private void giveBack(int from, int to) {
        for (int i = to - 1; i >= from; i--) {
            DescriptorChain chain = batch[i];
            if (chain != null) {
                batch[i] = null;
                release(chain);
            }
        }
    }

    private void release(DescriptorChain chain) {
        if (givable) {
            queue.giveBack(chain);
        } else {
            drops.dropSent(Drop.REFUSED);
            queue.complete(chain, 0);
        }
    }

    /** Completes a chain, unless the link has no room for its frame. */
    private boolean serve(DescriptorChain chain) {
        boolean done = true;
        try {
            done = send(chain);
        } finally {
            // Also when its memory is gone, which is an InternalError.
            if (done) {
                queue.complete(chain, 0);
            }
        }
        return done;
    }

    /** Sends the frame of a chain, or drops it. Returns {@code false} if the link has no room for it. */
    private boolean send(DescriptorChain chain) {
        String fault = parse(chain);
        if (fault != null) {
            drops.dropSent(Drop.MALFORMED);
            faults.warn(name, "dropped a frame, " + fault);
            return true;
        }
        if (!queue.isEnabled()) {
            // Processed without effect (vhost-user, "Ring states").
            drops.dropSent(Drop.DISABLED);
            return true;
        }
        flushLater();
        if (!lane.send(frame)) {
            return false;
        }
        stats.count(frame.bytes(), frame.header().isGso());
        return true;
    }

    @Override
    public void giveBack() {
        // No chain is held between two calls.
    }

    /** Makes the frame of a chain. Returns what is wrong with it, or {@code null}. */
    private @Nullable String parse(DescriptorChain chain) {
        long bytes = chain.readableBytes() - headerBytes;
        if (bytes < Frame.ETHERNET_BYTES) {
            return "chain of " + chain.readableBytes() + " bytes";
        }
        if (bytes > Frame.MAX_BYTES) {
            return "frame of " + bytes + " bytes";
        }
        frame.clear();
        NetHeader header = frame.header();
        header.set(chain.readU64(0), chain.readU16(Long.BYTES));
        addFrame(chain);
        String fault = header.fault(frame.bytes());
        if (fault == null && (header.needs() & ~offloads) != 0) {
            return "flags %#x and gso_type %#x are not negotiated".formatted(header.flags(), header.gsoType());
        }
        return fault;
    }

    /** Everything behind the header, however the driver has laid it out (§2.7.4.1). */
    private void addFrame(DescriptorChain chain) {
        long skip = headerBytes;
        for (int i = 0; i < chain.readableSegments(); i++) {
            long length = chain.length(i);
            if (skip >= length) {
                skip -= length;
            } else {
                frame.add(chain.memory(i), chain.offset(i) + skip, (int) (length - skip));
                skip = 0;
            }
        }
    }

    private void flushLater() {
        if (!flushPending) {
            flushPending = true;
            queue.loop().atEndOfTurn(flush);
        }
    }

    private void flush() {
        flushPending = false;
        lane.flush();
    }

    @Override
    public void reject(DescriptorChain chain) {
        givable = false;
        drops.dropSent(Drop.MALFORMED);
        queue.complete(chain, 0);
    }

    @Override
    public void close() {
        frame.clear();
        lane.close(() -> {});
    }
}
