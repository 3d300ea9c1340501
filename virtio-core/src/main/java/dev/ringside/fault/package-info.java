/**
 * What a guest or a front-end can do wrong, as one sealed family of checked exceptions.
 *
 * <p>Everything read from guest memory or from a front-end's socket is input. Each place where such input is
 * checked throws a {@link dev.ringside.fault.PeerFault}, so that the compiler shows every trust boundary. The kind of
 * fault decides how far it reaches, and none reaches further than the peer that caused it:
 *
 * <pre>
 *   ChainFault    one request      the chain is completed, with an error status where one can be written
 *   RingFault     one vring        the vring stops and its err eventfd is signalled
 *   MessageFault  one message      refused with an error reply, or the connection ends
 * </pre>
 *
 * <p>Host errors (a full disk, a dead TAP) are not faults of a peer: they are {@link java.io.IOException}s.
 */
@NullMarked
package dev.ringside.fault;

import org.jspecify.annotations.NullMarked;
