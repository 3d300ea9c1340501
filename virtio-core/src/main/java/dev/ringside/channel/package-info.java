/**
 * A Netty channel whose messages are bytes and file descriptors.
 *
 * <p>Protocols that share memory (vhost-user, vfio-user) send descriptors beside their messages, and the kernel hands
 * a descriptor over with whichever read first touches the bytes that it was sent with. So a channel reads exactly one
 * header, then exactly the payload that the header announces, and never a byte of the next message; what arrives
 * meanwhile belongs to this one. {@link dev.ringside.channel.Framing} tells the channel where the payload's length
 * stands; nothing else here knows a protocol.
 *
 * <p>One message is read for each {@code read()} that the pipeline asks for: a handler that asks again only when it
 * has answered is never handed more than it can take.
 */
@NullMarked
package dev.ringside.channel;

import org.jspecify.annotations.NullMarked;
