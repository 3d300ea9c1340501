package dev.ringside.device;

/**
 * Feature bits that do not belong to one device type (virtio 1.2 §6), as masks. Missing on purpose are RING_RESET, which
 * QEMU (11.1, 7.2) passes on to its guest and then resets a queue without a word to the backend, whose ring is gone; and
 * NOTIFICATION_DATA, which an eventfd cannot carry.
 */
public final class Feature {
    /** The device accepts any layout of a request over descriptors (legacy drivers ask; §6.3 makes it the rule). */
    public static final long ANY_LAYOUT = 1L << 27;

    public static final long RING_INDIRECT_DESC = 1L << 28;
    public static final long RING_EVENT_IDX = 1L << 29;
    public static final long VERSION_1 = 1L << 32;
    /** The device's addresses are translated by an IOMMU. Offered by the transport where it can do that. */
    public static final long ACCESS_PLATFORM = 1L << 33;

    public static final long RING_PACKED = 1L << 34;
    /** The device uses buffers in the order in which they were made available. */
    public static final long IN_ORDER = 1L << 35;

    /** Those that {@code queue} implements and every device therefore offers. */
    public static final long TRANSPORT = ANY_LAYOUT | RING_INDIRECT_DESC | RING_EVENT_IDX | VERSION_1 | RING_PACKED;

    private Feature() {}

    /** Whether a word holds a bit. */
    public static boolean has(long features, long mask) {
        return (features & mask) != 0;
    }
}
