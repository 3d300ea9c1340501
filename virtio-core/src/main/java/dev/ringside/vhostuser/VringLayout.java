package dev.ringside.vhostuser;

import dev.ringside.device.Feature;
import dev.ringside.fault.MessageFault;
import dev.ringside.fault.RingFault;
import dev.ringside.memory.GuestMemory;
import dev.ringside.memory.Iotlb;
import dev.ringside.queue.PackedVirtqueue;
import dev.ringside.queue.RingFeatures;
import dev.ringside.queue.SplitVirtqueue;
import dev.ringside.queue.Virtqueue;
import dev.ringside.queue.VringAddress;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** What the front-end has said of a vring that decides where its ring is and how it is read: all of it checked. */
final class VringLayout {
    private boolean packed;
    private int size;
    /** Where to go on, if the front-end or an earlier stop has said. */
    private @Nullable Integer base;

    private @Nullable VringAddress address;

    /** The ring's format, as negotiated. */
    void packed(boolean isPacked) {
        packed = isPacked;
    }

    /** SET_VRING_NUM. */
    void size(long num) throws MessageFault {
        try {
            int wanted = (int) Math.min(num, Integer.MAX_VALUE);
            if (packed) {
                PackedVirtqueue.checkSize(wanted);
            } else {
                SplitVirtqueue.checkSize(wanted);
            }
        } catch (RingFault e) {
            throw new MessageFault(e.getMessage());
        }
        size = (int) num;
    }

    /** Entries of the ring, 0 if nobody has said. */
    int size() {
        return size;
    }

    /** SET_VRING_BASE. */
    void base(long value) throws MessageFault {
        if (!packed && value > 0xffff) {
            throw new MessageFault("SET_VRING_BASE with " + value);
        }
        base = (int) value;
    }

    /** Where a queue has stopped. */
    void reached(int next) {
        base = next;
    }

    /** The base that was said or reached. */
    @Nullable
    Integer knownBase() {
        return base;
    }

    /** The base to go on from. */
    int base() {
        return base != null ? base : packed ? PackedVirtqueue.INITIAL_BASE : 0;
    }

    /** SET_VRING_ADDR. The ring is looked at now if there is memory to find it in, and again when it starts. */
    void address(VringAddress value, GuestMemory memory) throws MessageFault {
        if (memory.iotlb() != null) {
            // What they are translated to is asked for when they start.
            if (value.desc() < 0 || value.avail() < 0 || value.used() < 0) {
                throw new MessageFault("SET_VRING_ADDR with " + value);
            }
        } else if (size != 0 && !memory.regions().isEmpty()) {
            try {
                virtqueue(value, new RingFeatures(false, false), memory, null);
            } catch (RingFault e) {
                throw new MessageFault(e.getMessage());
            }
        }
        address = value;
    }

    @Nullable
    VringAddress address() {
        return address;
    }

    /** Whether a ring can be made of it. */
    boolean isComplete() {
        return address != null && size != 0;
    }

    /** What to wait for of the ring's translations, which has been asked for; {@code null} if nothing is missing. */
    Iotlb.@Nullable Miss missing(GuestMemory memory, long features) {
        VringAddress rings = address;
        if (memory.iotlb() == null || rings == null || size == 0) {
            return null;
        }
        return packed
                ? PackedVirtqueue.missing(size, rings, memory)
                : SplitVirtqueue.missing(size, rings, ringFeatures(features), memory);
    }

    /**
     * The ring as laid out, which {@link #isComplete is complete}.
     *
     * @param record of requests in flight, if there is one
     */
    Virtqueue virtqueue(long features, GuestMemory memory, @Nullable MemorySegment record) throws RingFault {
        VringAddress rings = address;
        if (rings == null) {
            throw new IllegalStateException("no address");
        }
        return virtqueue(rings, ringFeatures(features), memory, record);
    }

    private Virtqueue virtqueue(
            VringAddress rings, RingFeatures features, GuestMemory memory, @Nullable MemorySegment record)
            throws RingFault {
        return packed
                ? new PackedVirtqueue(size, base(), rings, features, memory, record)
                : new SplitVirtqueue(size, base(), rings, features, memory, record);
    }

    private static RingFeatures ringFeatures(long features) {
        return new RingFeatures(
                Feature.has(features, Feature.RING_INDIRECT_DESC), Feature.has(features, Feature.RING_EVENT_IDX));
    }

    /** As after SET_OWNER; the format stays. */
    void reset() {
        base = null;
        size = 0;
        address = null;
    }
}
