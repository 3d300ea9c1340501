/**
 * Where frames go: what a NIC, para-virtual or emulated, is plugged into.
 *
 * <pre>
 *   NIC (virtio-net, 82540EM)                                 Link: tap, switch, stream, user, echo
 *
 *     transmit:  Frame over its own or the guest's memory --> TxLane.send   done with when it returns
 *
 *     receive:   RxBuffers.prepare   room in guest memory <-- pull: a TAP is read straight into it,
 *                RxBuffers.commit                         <--       then the NIC is told how much came
 *                RxBuffers.put       Frame, copied by NIC <-- push: every other link, and any link while the
 *                                                             room is too small for the largest frame
 *                RxLane.roomAgain    after a refusal      --> what waits is offered again
 * </pre>
 *
 * <p>A NIC attaches to a {@link dev.ringside.link.Link} and gets a {@link dev.ringside.link.Port}. On the port it opens
 * lanes, one each way for each of its queue pairs; a lane belongs to one loop and is used there only, so that no lock
 * stands on the way of a frame. The two lanes of a pair may live on different loops, and a port may have one of them
 * without the other.
 *
 * <p><b>Offloads.</b> Every frame is described by a struct virtio_net_hdr ({@link dev.ringside.link.NetHeader}): a
 * checksum that is still to be made, a segment larger than the MTU that is still to be cut. A link takes every frame
 * with whatever is left to do, and does it in software where what is behind it cannot. Towards the NIC it is the other
 * way round: the NIC says when it opens a receive lane what it {@link dev.ringside.link.Offload accepts}, and gets
 * nothing else. So ports of one switch may have negotiated different offloads, and none has to know.
 *
 * <p><b>Copies.</b> Sending to a TAP and receiving from it copies nothing in this process: iovecs over guest memory go to
 * the kernel. Between two ports of a switch on one loop there is one copy, from guest to guest; between loops, or when
 * the receiver has no room at the moment, there is a second one, through the receiver's bounded queue.
 *
 * <p><b>Nobody waits.</b> {@code send} never blocks. A receiver without room costs its own frames only: they wait in a
 * bounded queue, then they are dropped and counted by cause in {@link dev.ringside.link.Counters}. Where a sender is
 * the only one on its link (a stream), it may instead be asked to wait with its frame, which slows nobody else down.
 *
 * <p><b>Bytes are hostile</b> on both sides: a frame's length and header fields are checked by whoever makes the frame
 * ({@link dev.ringside.link.NetHeader#fault}), its contents by whoever parses them, from a copy of their own.
 */
@NullMarked
package dev.ringside.link;

import org.jspecify.annotations.NullMarked;
