/**
 * The back-end's side of the vhost-user protocol (QEMU documentation, docs/interop/vhost-user).
 *
 * <pre>
 *   front-end -- AF_UNIX socket --> FdChannel -> VhostUserSession: MessageDecoder -> Message -> BackEnd
 *                                                                            Vrings, MemoryTable, Negotiation, Logging,
 *                                                                            InflightTracking, Translation
 *                                                                                 |
 *                                                                                 v
 *                                                             RunningQueue, each on its device loop
 *   front-end <- reply, ack ------- FdChannel <- Reply
 *   front-end <- config change,
 *                IOTLB miss ------- BackChannel
 * </pre>
 *
 * <p>A {@link dev.ringside.vhostuser.VhostUserServer} serves one device to one front-end after another. A session
 * handles one message at a time: it reads the next only when it has answered the last, and a message that has to wait
 * for queues (to drain, to move to other memory) is answered when they are done. Its state belongs to its loop; queues
 * live on theirs and are told what to do.
 *
 * <p>So nothing that is answered may wait for a translation, which comes as a message, too: a vring whose ring is not
 * translated yet begins to run later.
 *
 * <p>A session can be told to another process, which goes on with it: as the messages that make it what it is ({@code
 * Words}), handled there as if they had come from the front-end.
 *
 * <p>Each message is checked in a fixed order: header, size, number of descriptors, then state and values. A message
 * that fails has no effect, and its descriptors are closed.
 */
@NullMarked
package dev.ringside.vhostuser;

import org.jspecify.annotations.NullMarked;
