package dev.ringside.device;

import dev.ringside.fault.RingFault;
import dev.ringside.memory.DirtyLog;
import dev.ringside.memory.GuestMemory;
import dev.ringside.memory.Iotlb;
import dev.ringside.queue.Virtqueue;
import org.jspecify.annotations.Nullable;

/**
 * Where a queue's ring lies, and whether all is known that it takes to look there for the next chain: behind an IOMMU,
 * translations are missed and come later. Used on the queue's loop. What touches the ring fails with an
 * {@link InternalError} if its memory is gone.
 */
final class QueueMemory {
    private final Virtqueue queue;

    /** A translation that was asked for, without which the next chain, or the ring, cannot be read. */
    private Iotlb.@Nullable Miss missing;

    /** Where to find the ring again, of which a translation is missing: until then nothing of it is touched. */
    private @Nullable GuestMemory lost;

    /** Where writes to the ring are marked. */
    private @Nullable DirtyLog log;

    private long logAddress;

    QueueMemory(Virtqueue queue) {
        this.queue = queue;
    }

    /** Whether a translation has to come before there can be a next chain. */
    boolean isIncomplete() {
        return missing != null;
    }

    /** Whether the ring cannot be touched. */
    boolean isRingLost() {
        return lost != null;
    }

    /** A chain was not taken, because a translation of its is missing. */
    void chainMissed() {
        missing = queue.missing();
    }

    /** Marks what is written to the ring in a log from here on, wherever the ring is going to be. */
    void log(@Nullable DirtyLog used, long usedAddress) {
        log = used;
        logAddress = usedAddress;
        if (lost == null) { // Otherwise what was written to the ring has been marked.
            queue.logUsed(used, usedAddress);
        }
    }

    /**
     * Looks for the ring in another memory table; as long as a translation is missing for that, it is lost.
     *
     * @throws RingFault if it is not there
     */
    void rebind(GuestMemory memory) throws RingFault {
        lost = memory;
        missing = queue.missing(memory);
        if (missing != null) {
            return;
        }
        try {
            queue.rebind(memory);
        } catch (RingFault e) {
            missing = queue.missing(memory);
            if (missing != null) {
                return; // Taken back by the session's loop since we looked.
            }
            throw e;
        }
        lost = null;
        if (memory.iotlb() != null) {
            queue.logUsed(log, logAddress); // The ring may lie elsewhere now.
        }
    }

    /**
     * A translation of a range has come.
     *
     * @param first I/O virtual address of its first byte
     * @param last and of its last one
     * @param access what the device may do there
     * @return whether it was waited for; then the queue should look again
     * @throws RingFault if the ring can be looked for, and is not there
     */
    boolean translated(long first, long last, int access) throws RingFault {
        Iotlb.Miss miss = missing;
        if (miss == null || !miss.isAnsweredBy(first, last, access)) {
            return false;
        }
        missing = null;
        if (lost != null) {
            rebind(lost);
        }
        return true;
    }

    /** Whether the ring is known to lie there, and touches a range of I/O virtual addresses. */
    boolean ringTouches(long first, long last) {
        return lost == null && queue.touches(first, last);
    }
}
