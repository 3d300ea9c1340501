/**
 * Virtqueues from the device's side (virtio 1.2 §2.6 to §2.8).
 *
 * <pre>
 *   driver                               device (this package)
 *   writes descriptors, avail ring  -->  poll    one chain, each field read once, checked
 *                                        ...     the device works on the chain's buffers
 *                                        push    an element into the used ring, not yet visible
 *   reads used ring                 <--  publish used_idx, once for many; says whether the driver wants a call
 *   kicks, unless told not to       <--  disarmKicks / armKicks
 * </pre>
 *
 * <p>Where requests may complete out of order, a record of those in flight outlives the process ({@code SplitInflight}),
 * and {@code poll} first gives out again what an earlier device has left. While a guest migrates, writes are marked in a
 * {@link dev.ringside.memory.DirtyLog}: those to buffers by whoever has the chain, those to the used ring here.
 *
 * <p>One thread owns a queue: nothing here locks or is safe to call from two threads. A chain that breaks a rule is a
 * {@link dev.ringside.fault.ChainFault} and the ring goes on; a ring that breaks one is a
 * {@link dev.ringside.fault.RingFault} and the queue must be stopped.
 */
@NullMarked
package dev.ringside.queue;

import org.jspecify.annotations.NullMarked;
