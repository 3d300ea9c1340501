package dev.ringside.vhostuser;

import dev.ringside.channel.Framing;
import dev.ringside.fault.MessageFault;
import io.netty.buffer.ByteBuf;

/** The header of every message: u32 request, u32 flags, u32 size of the payload (vhost-user, "Header"). */
final class VhostUserFraming implements Framing {
    static final int HEADER_BYTES = 12;
    static final int FLAGS = 4;
    static final int SIZE = 8;

    static final int VERSION_MASK = 3;
    static final int VERSION = 1;
    static final int FLAG_REPLY = 1 << 2;
    static final int FLAG_NEED_REPLY = 1 << 3;

    /** Regions in one memory table, and so the most descriptors that any message carries. */
    static final int MAX_REGIONS_IN_TABLE = 8;

    /** Above every message that there is; the longest that we understand has 268 bytes. */
    private static final int MAX_PAYLOAD_BYTES = 4096;

    @Override
    public int headerBytes() {
        return HEADER_BYTES;
    }

    @Override
    public int maxFds() {
        return MAX_REGIONS_IN_TABLE;
    }

    @Override
    public int payloadBytes(ByteBuf header) throws MessageFault {
        long flags = header.getUnsignedIntLE(FLAGS);
        if ((flags & VERSION_MASK) != VERSION) {
            throw new MessageFault("message of protocol version " + (flags & VERSION_MASK));
        }
        long size = header.getUnsignedIntLE(SIZE);
        if (size > MAX_PAYLOAD_BYTES) {
            throw new MessageFault("message with a payload of " + size + " bytes");
        }
        return (int) size;
    }
}
