/**
 * What a device is made of, whatever carries its control messages.
 *
 * <pre>
 *   VirtioDevice     feature bits, config space; starts a handler for each queue
 *     QueueHandler   the device's work on one queue: takes chains, completes them, now or later
 *     DemandHandler  the same for a queue that receives: chains are taken when there is something to put in
 *       RunningQueue runs a Virtqueue on one loop: kicks in, calls out, chains pooled and counted,
 *                    drained before anything under it changes
 * </pre>
 *
 * <p>A device author implements the first two and never sees a socket, an eventfd or a ring index.
 */
@NullMarked
package dev.ringside.device;

import org.jspecify.annotations.NullMarked;
