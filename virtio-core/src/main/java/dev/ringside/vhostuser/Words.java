package dev.ringside.vhostuser;

import dev.ringside.channel.Frame;
import dev.ringside.linux.Fd;
import dev.ringside.queue.VringAddress;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.function.Consumer;

/** A front-end's messages, as a back-end says them again to another process that goes on with its session. */
final class Words {
    /** No request of vhost-user: what a device keeps for its driver besides. */
    static final int DEVICE_STATE = 0x5301;

    private Words() {}

    /**
     * A message.
     *
     * @param fds borrowed until it is sent
     */
    static Frame message(int request, List<Fd> fds, Consumer<ByteBuf> payload) {
        ByteBuf bytes = Unpooled.directBuffer();
        bytes.writeIntLE(request).writeIntLE(VhostUserFraming.VERSION).writeIntLE(0);
        payload.accept(bytes);
        bytes.setIntLE(VhostUserFraming.SIZE, bytes.writerIndex() - VhostUserFraming.HEADER_BYTES);
        return Frame.toSend(bytes, fds);
    }

    static Frame u64(RequestType type, long value) {
        return message(type.number(), List.of(), payload -> payload.writeLongLE(value));
    }

    static Frame empty(RequestType type) {
        return message(type.number(), List.of(), payload -> {});
    }

    /** A message with nothing but a descriptor, which it takes over. */
    static Frame takenOver(RequestType type, Fd fd) {
        ByteBuf bytes = Unpooled.directBuffer();
        bytes.writeIntLE(type.number()).writeIntLE(VhostUserFraming.VERSION).writeIntLE(0);
        return Frame.toSendAndClose(bytes, List.of(fd));
    }

    static Frame vringState(RequestType type, int index, int num) {
        return message(
                type.number(), List.of(), payload -> payload.writeIntLE(index).writeIntLE(num));
    }

    static Frame vringFd(RequestType type, int index, Fd fd) {
        return message(type.number(), List.of(fd), payload -> payload.writeLongLE(index));
    }

    static Frame vringAddr(int index, VringAddress address, boolean log, long logAddress) {
        return message(
                RequestType.SET_VRING_ADDR.number(),
                List.of(),
                payload -> payload.writeIntLE(index)
                        .writeIntLE(log ? 1 : 0)
                        .writeLongLE(address.desc())
                        .writeLongLE(address.used())
                        .writeLongLE(address.avail())
                        .writeLongLE(logAddress));
    }

    static Frame memTable(List<Message.Region> regions) {
        List<Fd> fds = regions.stream().map(Message.Region::fd).toList();
        return message(RequestType.SET_MEM_TABLE.number(), fds, payload -> {
            payload.writeIntLE(regions.size()).writeIntLE(0);
            regions.forEach(region -> write(payload, region));
        });
    }

    static Frame addMemReg(Message.Region region) {
        List<Fd> fds = region.fd() == null ? List.of() : List.of(region.fd());
        return message(RequestType.ADD_MEM_REG.number(), fds, payload -> write(payload.writeLongLE(0), region));
    }

    private static void write(ByteBuf payload, Message.Region region) {
        payload.writeLongLE(region.guestAddress())
                .writeLongLE(region.size())
                .writeLongLE(region.userAddress())
                .writeLongLE(region.mmapOffset());
    }

    static Frame logBase(long size, long offset, Fd fd) {
        return message(
                RequestType.SET_LOG_BASE.number(),
                List.of(fd),
                payload -> payload.writeLongLE(size).writeLongLE(offset));
    }

    static Frame inflight(Message.Inflight area, Fd fd) {
        return message(
                RequestType.SET_INFLIGHT_FD.number(),
                List.of(fd),
                payload -> payload.writeLongLE(area.size())
                        .writeLongLE(area.offset())
                        .writeShortLE(area.numQueues())
                        .writeShortLE(area.queueSize()));
    }

    static Frame deviceState(byte[] state) {
        return message(DEVICE_STATE, List.of(), payload -> payload.writeBytes(state));
    }
}
