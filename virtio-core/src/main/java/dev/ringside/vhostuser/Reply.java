package dev.ringside.vhostuser;

import static dev.ringside.vhostuser.VhostUserFraming.FLAG_REPLY;
import static dev.ringside.vhostuser.VhostUserFraming.HEADER_BYTES;
import static dev.ringside.vhostuser.VhostUserFraming.VERSION;

import dev.ringside.channel.Frame;
import dev.ringside.linux.Fd;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.List;

/** What a request is answered with. */
sealed interface Reply {
    /** The request has no reply of its own; REPLY_ACK may still ask for an acknowledgement. */
    record Done() implements Reply {}

    record U64(long value) implements Reply {}

    /** "A vring state description". */
    record VringState(long index, long num) implements Reply {}

    /** "Virtio device config space"; empty bytes say that the request was refused. */
    record Config(long offset, long flags, byte[] bytes) implements Reply {}

    /**
     * "Inflight description".
     *
     * @param fd of the area; closed when the reply is sent
     */
    record Inflight(Message.Inflight area, Fd fd) implements Reply {}

    Done DONE = new Done();
    /** Acknowledgements (vhost-user, "REPLY_ACK"): zero for success. */
    U64 ACK = new U64(0);

    U64 REFUSED = new U64(1);

    /** The bytes of a reply to a request of this number. A {@link Done} has none. */
    static Frame encode(ByteBufAllocator allocator, long request, Reply reply) {
        int payload = switch (reply) {
            case Done done -> throw new IllegalArgumentException("nothing to encode");
            case U64 value -> 8;
            case VringState state -> 8;
            case Config config -> 12 + config.bytes().length;
            case Inflight inflight -> inflight.area().padded() ? 24 : 20;
        };
        ByteBuf out = allocator.directBuffer(HEADER_BYTES + payload);
        out.writeIntLE((int) request).writeIntLE(VERSION | FLAG_REPLY).writeIntLE(payload);
        switch (reply) {
            case Done done -> {}
            case U64 value -> out.writeLongLE(value.value());
            case VringState state -> out.writeIntLE((int) state.index()).writeIntLE((int) state.num());
            case Config config ->
                out.writeIntLE((int) config.offset())
                        .writeIntLE(config.bytes().length)
                        .writeIntLE((int) config.flags())
                        .writeBytes(config.bytes());
            case Inflight inflight -> {
                Message.Inflight area = inflight.area();
                out.writeLongLE(area.size()).writeLongLE(area.offset());
                out.writeShortLE(area.numQueues()).writeShortLE(area.queueSize());
                out.writeZero(area.padded() ? 4 : 0);
            }
        }
        return reply instanceof Inflight inflight
                ? Frame.toSendAndClose(out, List.of(inflight.fd()))
                : Frame.toSend(out, List.of());
    }
}
