package dev.ringside.queue;

/**
 * The negotiated features that change how a ring is read (virtio 1.2 §6).
 *
 * @param indirectDesc VIRTIO_F_INDIRECT_DESC
 * @param eventIdx VIRTIO_F_EVENT_IDX
 */
public record RingFeatures(boolean indirectDesc, boolean eventIdx) {}
