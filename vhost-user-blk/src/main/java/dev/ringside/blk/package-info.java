/**
 * virtio-blk over vhost-user (virtio 1.2 §5.2).
 *
 * <pre>
 *   chain -> BlockQueue: parse, check -> BlockRequest in flight -> AsyncFile, straight on guest memory
 *                        status byte  <-  short transfers go on  <-  completion
 * </pre>
 *
 * <p>A {@link dev.ringside.blk.BlockDevice} serves one {@link dev.ringside.blk.DiskImage}; each of its queues has a
 * {@link dev.ringside.blk.BlockQueue} of its own on the queue's loop, and they share nothing that changes.
 */
@NullMarked
package dev.ringside.blk;

import org.jspecify.annotations.NullMarked;
