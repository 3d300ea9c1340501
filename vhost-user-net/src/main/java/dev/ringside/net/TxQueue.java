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
import org.jspecify.annotations.Nullable;

/**
 * A transmit queue (virtio 1.2 §5.1.6.2): each chain is a header and a frame, which is sent from where it lies. The
 * chain is completed at once, for the link is done with it then; if the link has no room, the chain stays in the ring.
 */
final class TxQueue implements DemandHandler {
    /** After so many frames, and those taken with them, the loop's other queues get their turn. */
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
    private final DescriptorChain[] batch = new DescriptorChain[BATCH];
    /** What {@link #fetch} has loaded: it must end somewhere, or it would not be loaded at all. */
    @SuppressWarnings("UnusedVariable")
    private int fetched;

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
            int taken = queue.take(batch);
            fetch(taken);
            int done = serve(taken);
            sent += done;
            if (taken == 0 || done < taken) {
                return sent > 0;
            }
        }
        return true;
    }

    /**
     * Loads something of each chain's header and frame. The driver's processor has their cache lines: loaded one right after
     * the other they come at the same time, while each would be waited for if it were loaded when it is needed.
     */
    private void fetch(int taken) {
        int sum = 0;
        try {
            for (int i = 0; i < taken; i++) {
                DescriptorChain chain = batch[i];
                if (chain.readableBytes() > headerBytes) {
                    sum += chain.readU8(0) + chain.readU8(headerBytes);
                }
            }
        } catch (InternalError e) {
            // Whoever needs what is gone will notice.
            sum = -1;
        }
        fetched = sum;
    }

    /** Completes the chains of a batch, and gives back those that the link has no room for. Returns how many it completed. */
    private int serve(int taken) {
        int done = 0;
        try {
            while (done < taken) {
                boolean sent = true;
                try {
                    sent = send(batch[done]);
                } finally {
                    // Also when its memory is gone, which is an InternalError.
                    if (sent) {
                        queue.complete(batch[done++], 0);
                    }
                }
                if (!sent) {
                    break;
                }
            }
        } finally {
            for (int i = taken - 1; i >= done; i--) {
                queue.giveBack(batch[i]);
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
        // Nothing is held between two calls.
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
        drops.dropSent(Drop.MALFORMED);
        queue.complete(chain, 0);
    }

    @Override
    public void close() {
        frame.clear();
        lane.close(() -> {});
    }
}
