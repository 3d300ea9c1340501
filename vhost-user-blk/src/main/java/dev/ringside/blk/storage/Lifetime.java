package dev.ringside.blk.storage;

/**
 * How far an eMMC or UFS device of the host is worn, in the numbers of JESD84-B51 that virtio passes on (virtio 1.2
 * §5.2.6, struct virtio_blk_lifetime).
 *
 * @param preEol 1: normal, 2: 80 % of the reserved blocks are used up, 3: 90 %; 0 if not known
 * @param typeA of one kind of memory, in tenths of its life begun: 1 to 10, 11 when it is over; 0 if not known
 * @param typeB of the other kind
 */
public record Lifetime(int preEol, int typeA, int typeB) {}
