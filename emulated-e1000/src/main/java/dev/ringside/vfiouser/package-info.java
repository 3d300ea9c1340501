/**
 * The server's side of the vfio-user protocol (QEMU documentation, docs/interop/vfio-user): serves one {@link
 * dev.ringside.pci.PciFunction} to one client, QEMU's {@code vfio-user-pci}, after another.
 *
 * <pre>
 *   client -- AF_UNIX socket --> FdChannel -> RequestDecoder -> Request -> VfioUserSession
 *     region read, write   ------------------------------------------------> Regions -> PciFunction
 *     DMA_MAP, DMA_UNMAP   --> DmaTable (memory that came as descriptors, and memory that did not)
 *     SET_IRQS             --> IntxLine  --- eventfd --> the virtual machine
 *   client &lt;- reply -------- FdChannel &lt;- Reply
 *   client &lt;- DMA_READ, DMA_WRITE ------- RemoteDma          for memory without a descriptor
 *   client -- reply -------> FdChannel -> VfioUserSession -> RemoteDma -> DmaFence of the function
 * </pre>
 *
 * <p><b>Never wait for the client.</b> A client's processor stands still while it waits for the reply to a register access,
 * and its main loop serves our DMA requests only when it is not itself waiting for us. So a DMA request is sent and left
 * alone: every message that arrives meanwhile is handled as ever, and the function goes on when the reply comes. Blocking
 * here ends in timeouts on both sides.
 *
 * <p><b>Messages are handled one at a time, in order, as many as there are.</b> The next message is asked for as soon as one
 * has been handled, so that a row of posted writes costs one turn of the loop. A request that breaks a rule has no effect,
 * its descriptors are closed and it is answered with an errno; only a stream whose framing is lost, or that does not begin
 * with VERSION, ends.
 *
 * <p>Everything runs on the session's loop. Not offered: device-state migration, dirty page tracking, BARs that are mapped.
 */
@NullMarked
package dev.ringside.vfiouser;

import org.jspecify.annotations.NullMarked;
