package dev.ringside.blk;

/** Feature bits of virtio-blk (virtio 1.2 §5.2.3), as masks; those that are implemented. */
final class BlockFeature {
    static final long SEG_MAX = 1L << 2;
    static final long RO = 1L << 5;
    static final long BLK_SIZE = 1L << 6;
    static final long FLUSH = 1L << 9;
    static final long MQ = 1L << 12;

    private BlockFeature() {}
}
