package dev.ringside.queue;

/**
 * Where the three parts of a vring lie, as addresses in the front-end's own space (vhost-user, "A vring address
 * description"). The packed ring's descriptor, driver and device areas take the same places (virtio 1.2 §2.6).
 *
 * @param desc descriptor table
 * @param avail available ring, or driver area
 * @param used used ring, or device area
 */
public record VringAddress(long desc, long avail, long used) {}
