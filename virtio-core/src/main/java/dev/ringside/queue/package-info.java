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
 * <p>A packed ring has one ring in place of three parts. What makes chains available there, and what shows them used, are
 * two flag bits of a descriptor, compared with a wrap counter that each side keeps; {@code publish} stores the flags of
 * the first used descriptor last. A split ring's chain may be wrong anywhere and the ring goes on with the next head; a
 * packed ring's next chain begins where this one ends, so that one without an end breaks the ring.
 *
 * <pre>
 *                      split                        packed
 *   a chain is         links in a table             neighbouring entries, or one indirect table
 *   known by           the index of its first       an id, in its last
 *   available by       avail_idx (acquire)          its first descriptor's flags (acquire)
 *   used by            used_idx (release)           the flags of the batch's first (release)
 *   base               avail_idx taken up to        two places, each an index with a wrap counter
 *   walk, record       SplitWalk, SplitInflight     PackedWalk, PackedInflight
 * </pre>
 *
 * <p>Where requests may complete out of order, a record of those in flight outlives the process ({@code SplitInflight}, {@code
 * PackedInflight}),
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
