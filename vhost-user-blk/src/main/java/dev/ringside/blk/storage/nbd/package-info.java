/**
 * A disk behind an NBD server: a client of the Network Block Device protocol (doc/proto.md in NetworkBlockDevice/nbd).
 *
 * <pre>
 *   BlockQueue            one for each virtqueue, on its loop
 *     NbdQueue            a request for each slot
 *       Link              requests cut into commands; keeps those in flight, sends them again      (queue's loop)
 *         Connection      one socket: gathers messages, knows which cookies are in flight
 *           Handshake     bytes -> Export     ("Fixed newstyle negotiation")
 *           Replies       bytes -> guest memory, answers     ("Transmission phase")
 *
 *   NbdStorage            when links are up and down; the export's size      (control loop)
 *     Recovery            finds the server, repeats what is unflushed
 *   Unflushed             writes that were acknowledged and not flushed      (shared by all links)
 * </pre>
 *
 * <p><b>Connections.</b> Each queue has a connection of its own if the server says that a flush on one connection covers
 * what was written on the others (NBD_FLAG_CAN_MULTI_CONN); nothing else would make a guest's flush true. Without that
 * promise all queues share one connection: their links hand requests to the common link, on its loop, and completions
 * travel back. Commands are pipelined; nothing waits for an answer but a flush that stands in for FUA.
 *
 * <p><b>Copies.</b> Data is copied once between a socket's buffer and guest memory. Received bytes go where their command
 * wants them in whatever pieces they come, so no reply is ever gathered whole. Bytes to send are copied so that guest
 * memory can be unmapped, and a request be given up, while the kernel is still sending.
 *
 * <p><b>When the server goes.</b> Commands that were not answered are sent again on the next connection; they are the
 * guest's requests in flight, whose order among themselves is free, so repeating them does no harm. Commands that were
 * answered are another matter: a server that dies forgets what it had not flushed (its own caches; the metadata of a
 * qcow2 image), although the guest has been told that it is written, and reads it. So acknowledged writes are kept,
 * in their order, until a flush covers them; a {@link dev.ringside.blk.storage.nbd.Recovery} writes and flushes them
 * before any link is up again. Then a flush after a reconnection says what it says on every other day. What this costs
 * is one more copy of written data, 32 MiB of memory at most, and a flush of our own for every 16 MiB that the guest
 * has not flushed itself.
 *
 * <p>All connections end when one does. Otherwise a write repeated on one of them could undo a later one that had been
 * acknowledged on another.
 *
 * <p><b>Trust.</b> A server may say anything. Lengths are bounded before memory is provided for them, cookies, offsets
 * and sizes are checked against the command that they answer, and whatever does not fit ends the connection with a
 * {@link dev.ringside.blk.storage.nbd.ServerFault} and one line in the log. A server can read and write no memory but
 * that of the commands in flight, and cannot make a READ succeed with bytes missing.
 */
@NullMarked
package dev.ringside.blk.storage.nbd;

import org.jspecify.annotations.NullMarked;
