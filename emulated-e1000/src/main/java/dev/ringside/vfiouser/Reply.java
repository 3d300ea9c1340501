package dev.ringside.vfiouser;

import dev.ringside.channel.Frame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.List;

/** Writes replies: the request's own id and command, and what it asked for or why it did not get it. */
final class Reply {
    private Reply() {}

    /**
     * A reply with room for a payload, which the caller appends, and then {@link #seal}s.
     *
     * @param payloadBytes how much that is going to be; a hint
     */
    static ByteBuf begin(ByteBufAllocator allocator, int id, int command, int payloadBytes) {
        ByteBuf bytes = allocator.directBuffer(VfioUserFraming.HEADER_BYTES + payloadBytes);
        bytes.writeShortLE(id);
        bytes.writeShortLE(command);
        bytes.writeIntLE(0);
        bytes.writeIntLE(VfioUserFraming.TYPE_REPLY);
        bytes.writeIntLE(0);
        return bytes;
    }

    /** Fills in the size. */
    static Frame seal(ByteBuf reply) {
        reply.setIntLE(VfioUserFraming.SIZE, reply.writerIndex());
        return Frame.toSend(reply, List.of());
    }

    /** A refusal; {@code errno} is positive. */
    static Frame refusal(ByteBufAllocator allocator, int id, int command, int errno) {
        ByteBuf bytes = begin(allocator, id, command, 0);
        bytes.setIntLE(VfioUserFraming.FLAGS, VfioUserFraming.TYPE_REPLY | VfioUserFraming.FLAG_ERROR);
        bytes.setIntLE(VfioUserFraming.ERROR, errno);
        return seal(bytes);
    }
}
