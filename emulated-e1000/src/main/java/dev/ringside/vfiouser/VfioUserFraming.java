package dev.ringside.vfiouser;

import dev.ringside.channel.Framing;
import dev.ringside.fault.MessageFault;
import io.netty.buffer.ByteBuf;

/** The header that every vfio-user message begins with ("Header"): little-endian, and counted in its own size field. */
final class VfioUserFraming implements Framing {
    static final int ID = 0;
    static final int COMMAND = 2;
    static final int SIZE = 4;
    static final int FLAGS = 8;
    static final int ERROR = 12;
    static final int HEADER_BYTES = 16;

    /** FLAGS: what kind of message it is. */
    static final int TYPE_MASK = 0xf;

    static final int TYPE_REQUEST = 0;
    static final int TYPE_REPLY = 1;
    /** FLAGS: the sender of a request wants no reply. */
    static final int FLAG_NO_REPLY = 0x10;
    /** FLAGS: a reply says in ERROR why the request was refused. */
    static final int FLAG_ERROR = 0x20;

    /** The most data that a message may carry, by our VERSION reply; further fields of it are small. */
    static final int MAX_DATA_BYTES = 1 << 20;

    private static final int MAX_PAYLOAD_BYTES = MAX_DATA_BYTES + 4096;

    /** A burst of register accesses, or the longest frame that is usual, on its way by a DMA message. */
    private static final int READ_AHEAD_BYTES = 2048;

    /** SET_IRQS and DMA_MAP carry one; VERSION says so, but a client may do as it likes. */
    private static final int MAX_FDS = 8;

    @Override
    public int headerBytes() {
        return HEADER_BYTES;
    }

    @Override
    public int maxFds() {
        return MAX_FDS;
    }

    @Override
    public int readAheadBytes() {
        return READ_AHEAD_BYTES;
    }

    @Override
    public int payloadBytes(ByteBuf header) throws MessageFault {
        long size = header.getUnsignedIntLE(SIZE);
        if (size < HEADER_BYTES || size > HEADER_BYTES + MAX_PAYLOAD_BYTES) {
            throw new MessageFault("command %d of %d bytes".formatted(header.getUnsignedShortLE(COMMAND), size));
        }
        return (int) size - HEADER_BYTES;
    }
}
