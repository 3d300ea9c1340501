package dev.ringside.net;

import dev.ringside.device.DemandHandler;
import dev.ringside.device.Feature;
import dev.ringside.device.QueueContext;
import dev.ringside.fault.FaultLog;
import dev.ringside.link.Counters;
import dev.ringside.link.Drop;
import dev.ringside.link.Frame;
import dev.ringside.link.Iovec;
import dev.ringside.link.NetHeader;
import dev.ringside.link.Port;
import dev.ringside.link.RxBuffers;
import dev.ringside.link.RxLane;
import dev.ringside.queue.DescriptorChain;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A receive queue (virtio 1.2 §5.1.6.3). Chains are taken from the ring ahead of the frames, enough for the largest that
 * may come, and kept until one does; a frame uses as many of the first as it fills, or exactly one without MRG_RXBUF.
 *
 * <pre>
 *   ring --poll--> held: [h|#####][######][######][......][......]    h: room for the header, in the first only
 *                         frame in three chains    stay for the next
 * </pre>
 *
 * <p>A driver that gives too few or too small buffers loses the frames that do not fit, and never more than those.
 */
final class RxQueue implements DemandHandler, RxBuffers {
    /** Chains taken at once. */
    private static final int AHEAD = 16;

    private final String name;
    private final QueueContext queue;
    private final Counters drops;
    private final NetStats stats;
    private final FaultLog faults;
    private final int headerBytes;
    private final boolean mergeable;
    /** The largest frame that may come, in bytes. */
    private final int largest;

    private final RxLane lane;
    private final HeldChains held;
    private final DescriptorChain[] ahead = new DescriptorChain[AHEAD];
    private final MemorySegment header = Arena.ofAuto().allocate(NetHeader.BYTES, 8);

    /**
     * Opens the lane.
     *
     * @param largest frame that may come, in bytes
     * @param features as negotiated
     */
    RxQueue(
            String name,
            QueueContext queue,
            Port port,
            int pair,
            int largest,
            NetStats stats,
            FaultLog faults,
            long features) {
        this.name = name;
        this.queue = queue;
        this.drops = port.counters();
        this.stats = stats;
        this.faults = faults;
        this.headerBytes = NetFeature.headerBytes(features);
        this.mergeable = Feature.has(features, NetFeature.MRG_RXBUF);
        this.largest = largest;
        this.held = new HeldChains(queue.size(), headerBytes);
        this.lane = port.openRx(pair, queue.loop(), NetFeature.guestOffloads(features), this);
    }

    @Override
    public boolean available() {
        long before = stats.frames();
        lane.roomAgain();
        return stats.frames() != before;
    }

    /**
     * Takes chains until they have room for a frame, or until there are no more.
     *
     * @param copied whether the frame is going to be copied into them by us
     */
    private void gather(int bytes, boolean copied) {
        while (held.isEmpty() || (mergeable && held.bytes() < bytes)) {
            int taken = queue.take(ahead);
            if (taken == 0) {
                return;
            }
            int before = held.count();
            for (int i = 0; i < taken; i++) {
                DescriptorChain chain = ahead[i];
                if (chain.writableBytes() <= headerBytes) {
                    faults.warn(name, "receive buffer of " + chain.writableBytes() + " bytes");
                    reject(chain);
                } else {
                    held.add(chain);
                }
            }
            if (copied) {
                held.claim(before);
            }
        }
    }

    /**
     * Whether more chains are going to come without a frame being handed over first. Linux refills when half of its
     * ring is used up, others when a quarter is left; a driver that still has more buffers out may wait for us.
     */
    private boolean worthWaiting() {
        return held.isEmpty() || (mergeable && held.count() < queue.size() / 4);
    }

    @Override
    public @Nullable Iovec prepare() {
        gather(largest, false);
        // A single buffer takes what it can hold; the link notices what is longer.
        if (held.bytes() >= largest || (!mergeable && !held.isEmpty())) {
            return held.room();
        }
        return worthWaiting() ? null : Iovec.NONE;
    }

    @Override
    public void commit(NetHeader frameHeader, int bytes) {
        try {
            finish(frameHeader, bytes);
        } catch (InternalError e) {
            queue.memoryGone(e);
        }
    }

    @Override
    public boolean put(Frame frame) {
        try {
            gather(frame.bytes(), true);
            if (held.bytes() < frame.bytes()) {
                if (worthWaiting()) {
                    return false;
                }
                drops.dropReceived(mergeable ? Drop.NO_BUFFERS : Drop.TOO_LONG);
                return true;
            }
            held.copyIn(frame);
            finish(frame.header(), frame.bytes());
        } catch (InternalError e) {
            // Whose memory was it? If the sender's, this throws: its queue has to break, and not ours.
            frame.touch();
            queue.memoryGone(e);
        }
        return true;
    }

    /** Hands the chains to the driver that a frame has been put into. */
    private void finish(NetHeader frameHeader, int bytes) {
        int chains = held.chainsFor(bytes);
        writeHeader(frameHeader, chains);
        long rest = (long) headerBytes + bytes;
        long removed = 0;
        for (int i = 0; i < chains; i++) {
            DescriptorChain chain = held.removeFirst();
            long writable = chain.writableBytes();
            queue.complete(chain, Math.min(rest, writable));
            rest -= writable;
            removed += writable;
        }
        held.nextFrame(chains, removed);
        stats.count(bytes, frameHeader.isGso());
    }

    private void writeHeader(NetHeader frameHeader, int chains) {
        DescriptorChain chain = held.first();
        int segment = chain.readableSegments();
        if (headerBytes == NetHeader.BYTES && chain.length(segment) >= headerBytes) {
            frameHeader.write(chain.memory(segment), chain.offset(segment), chains);
        } else {
            frameHeader.write(header, 0, chains);
            chain.write(0, header, 0, headerBytes);
        }
    }

    @Override
    public void giveBack() {
        held.giveBack(queue);
    }

    /** Buffers are used in order (§2.7.9): those that are held came before it, and go back unfilled. */
    @Override
    public void reject(DescriptorChain chain) {
        held.complete(queue);
        queue.complete(chain, 0);
    }

    @Override
    public void close() {
        lane.close(() -> {});
    }
}
