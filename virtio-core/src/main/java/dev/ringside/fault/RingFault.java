package dev.ringside.fault;

/** A virtqueue that can no longer be trusted, rejected by name: the device stops it and signals its err eventfd. */
public final class RingFault extends PeerFault {
    private static final long serialVersionUID = 1L;

    /** What is wrong with the ring. */
    public enum Kind {
        /** {@code avail_idx} is more than the queue size ahead (virtio 1.2 §2.7.13.3). */
        AVAIL_INDEX_JUMP,
        /** A head that is no index of the descriptor table: nothing could be reported as used for it. */
        HEAD_OUT_OF_RANGE,
        /** More chains made available than the queue has descriptors: heads are reused while in flight. */
        TOO_MANY_IN_FLIGHT,
        /** A chain of a packed ring that never ends: where the next one begins cannot be known (§2.8.17). */
        CHAIN_WITHOUT_END,
        /** A queue size that is zero, above 32768, or of a split ring and no power of two (§2.7, §2.8). */
        SIZE,
        /** A place to go on from that the ring does not have (packed only). */
        BASE,
        /** A ring part that is misaligned (§2.7, table of alignments). */
        MISALIGNED,
        /** A ring part that is not wholly inside one region of the memory table. */
        OUTSIDE_MEMORY,
        /** The memory behind the ring vanished: the front-end truncated the file that it shared. */
        MEMORY_GONE,
        /** A record of requests in flight that cannot be of this ring (vhost-user, "Inflight I/O tracking"). */
        INFLIGHT,
        /** Not the ring but the device failed, unexpectedly: a bug of ours, which is logged with its trace. */
        DEVICE_FAILED
    }

    private final Kind kind;

    /**
     * @param kind what is wrong
     * @param detail the values, for the log
     */
    public RingFault(Kind kind, String detail) {
        super(kind + ": " + detail);
        this.kind = kind;
    }

    /** What is wrong. */
    public Kind kind() {
        return kind;
    }
}
