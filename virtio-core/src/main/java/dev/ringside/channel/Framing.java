package dev.ringside.channel;

import dev.ringside.fault.MessageFault;
import io.netty.buffer.ByteBuf;

/** How a protocol delimits its messages. */
public interface Framing {
    /** Bytes of the fixed header that every message begins with. */
    int headerBytes();

    /** The most descriptors that any message may carry. */
    int maxFds();

    /**
     * Bytes that are asked for at once, beyond the message that is being read: most messages then cost one system call
     * rather than one for the header and one for the rest. Only for protocols in which every message is sent by a call of
     * its own, with its descriptors: descriptors that come with several messages are taken for those of the last one, as
     * the kernel ends a read behind descriptors, but not before them.
     */
    default int readAheadBytes() {
        return 0;
    }

    /**
     * The number of bytes that follow a header.
     *
     * @param header {@link #headerBytes} bytes, from the peer
     * @return at least 0, and small enough to be kept in memory
     * @throws MessageFault if the header is no header, or announces more than any message has; the stream cannot be
     *     followed any further
     */
    int payloadBytes(ByteBuf header) throws MessageFault;
}
