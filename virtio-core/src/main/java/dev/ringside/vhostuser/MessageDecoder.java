package dev.ringside.vhostuser;

import static dev.ringside.vhostuser.VhostUserFraming.FLAGS;
import static dev.ringside.vhostuser.VhostUserFraming.FLAG_REPLY;
import static dev.ringside.vhostuser.VhostUserFraming.HEADER_BYTES;
import static dev.ringside.vhostuser.VhostUserFraming.MAX_REGIONS_IN_TABLE;

import dev.ringside.channel.Frame;
import dev.ringside.fault.MessageFault;
import dev.ringside.linux.Fd;
import dev.ringside.queue.VringAddress;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Bytes and descriptors to {@link Message}s. Sizes and numbers of descriptors are checked here and only here. */
final class MessageDecoder {
    private static final int U64_BYTES = 8;
    private static final int VRING_STATE_BYTES = 8;
    private static final int VRING_ADDR_BYTES = 40;
    private static final int VHOST_VRING_F_LOG = 1;
    private static final int LOG_BYTES = 16;
    private static final int INFLIGHT_BYTES = 20;
    private static final int PADDED_INFLIGHT_BYTES = 24;
    private static final int REGION_BYTES = 32;
    private static final int CONFIG_HEADER_BYTES = 12;
    /** struct vhost_iotlb_msg: u64 iova, u64 size, u64 uaddr, u8 perm, u8 type; padded to the second by compilers. */
    private static final int IOTLB_BYTES = 26;

    static final int PADDED_IOTLB_BYTES = 32;
    static final int IOTLB_MISS = 1;
    private static final int IOTLB_UPDATE = 2;
    private static final int IOTLB_INVALIDATE = 3;

    /** In the u64 of SET_VRING_KICK, CALL and ERR: the index, and whether a descriptor is missing on purpose. */
    private static final long VRING_INDEX_MASK = 0xff;

    private static final long VRING_NOFD = 1 << 8;

    private final Frame frame;
    private final RequestType type;
    private final ByteBuf payload;

    private MessageDecoder(Frame frame, RequestType type) {
        this.frame = frame;
        this.type = type;
        this.payload = frame.bytes().slice(HEADER_BYTES, frame.bytes().writerIndex() - HEADER_BYTES);
    }

    static Message decode(Frame frame) throws MessageFault {
        long number = frame.bytes().getUnsignedIntLE(0);
        if ((frame.bytes().getIntLE(FLAGS) & FLAG_REPLY) != 0) {
            throw new MessageFault("message " + number + " is a reply that nobody asked for");
        }
        RequestType type = RequestType.of(number);
        if (type == null) {
            throw new MessageFault("unknown message " + number);
        }
        return new MessageDecoder(frame, type).decode();
    }

    private Message decode() throws MessageFault {
        switch (type) {
            case SET_MEM_TABLE, ADD_MEM_REG, REM_MEM_REG, SET_BACKEND_REQ_FD -> {}
            case SET_LOG_BASE, SET_LOG_FD, SET_INFLIGHT_FD -> expectFds(1, 1);
            case SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR -> {}
            default -> expectFds(0, 0);
        }
        return switch (type) {
            case GET_FEATURES -> empty(new Message.GetFeatures());
            case SET_FEATURES -> new Message.SetFeatures(u64());
            case SET_OWNER -> empty(new Message.SetOwner());
            case RESET_OWNER -> empty(new Message.ResetOwner());
            case SET_MEM_TABLE -> memTable();
            case SET_LOG_BASE -> {
                expectSize(LOG_BYTES);
                yield new Message.SetLogBase(
                        payload.readLongLE(), payload.readLongLE(), frame.fds().get(0));
            }
            case SET_LOG_FD -> {
                expectSize(0);
                yield new Message.SetLogFd(frame.fds().get(0));
            }
            case GET_INFLIGHT_FD -> new Message.GetInflightFd(inflight());
            case SET_INFLIGHT_FD ->
                new Message.SetInflightFd(inflight(), frame.fds().get(0));
            case SET_VRING_NUM -> {
                expectSize(VRING_STATE_BYTES);
                yield new Message.SetVringNum(payload.readUnsignedIntLE(), payload.readUnsignedIntLE());
            }
            case SET_VRING_ADDR -> vringAddr();
            case SET_VRING_BASE -> {
                expectSize(VRING_STATE_BYTES);
                yield new Message.SetVringBase(payload.readUnsignedIntLE(), payload.readUnsignedIntLE());
            }
            case GET_VRING_BASE -> {
                expectSize(VRING_STATE_BYTES);
                yield new Message.GetVringBase(payload.readUnsignedIntLE());
            }
            case SET_VRING_KICK -> {
                long word = u64();
                yield new Message.SetVringKick(word & VRING_INDEX_MASK, vringFd(word));
            }
            case SET_VRING_CALL -> {
                long word = u64();
                yield new Message.SetVringCall(word & VRING_INDEX_MASK, vringFd(word));
            }
            case SET_VRING_ERR -> {
                long word = u64();
                yield new Message.SetVringErr(word & VRING_INDEX_MASK, vringFd(word));
            }
            case GET_PROTOCOL_FEATURES -> empty(new Message.GetProtocolFeatures());
            case SET_PROTOCOL_FEATURES -> new Message.SetProtocolFeatures(u64());
            case GET_QUEUE_NUM -> empty(new Message.GetQueueNum());
            case SET_VRING_ENABLE -> vringEnable();
            case SEND_RARP -> new Message.SendRarp(u64());
            case NET_SET_MTU -> new Message.NetSetMtu(u64());
            case SET_BACKEND_REQ_FD -> {
                expectSize(0);
                expectFds(1, 1);
                yield new Message.SetBackendReqFd(frame.fds().get(0));
            }
            case IOTLB_MSG -> iotlb();
            case GET_CONFIG -> getConfig();
            case SET_CONFIG -> setConfig();
            case RESET_DEVICE -> empty(new Message.ResetDevice());
            case GET_MAX_MEM_SLOTS -> empty(new Message.GetMaxMemSlots());
            case ADD_MEM_REG -> {
                expectFds(1, 1);
                yield new Message.AddMemReg(singleRegion());
            }
            case REM_MEM_REG -> {
                // Some front-ends pass the region's descriptor here as well.
                expectFds(0, 1);
                yield new Message.RemMemReg(singleRegion());
            }
            case SET_STATUS -> new Message.SetStatus(u64());
            case GET_STATUS -> empty(new Message.GetStatus());
        };
    }

    private Message empty(Message message) throws MessageFault {
        expectSize(0);
        return message;
    }

    private long u64() throws MessageFault {
        expectSize(U64_BYTES);
        return payload.readLongLE();
    }

    private Message memTable() throws MessageFault {
        if (payload.readableBytes() < U64_BYTES) {
            throw wrongSize();
        }
        long count = payload.readUnsignedIntLE();
        payload.skipBytes(Integer.BYTES);
        if (count > MAX_REGIONS_IN_TABLE) {
            throw new MessageFault("SET_MEM_TABLE with " + count + " regions");
        }
        // QEMU leaves the array at its full length or cuts it to what is used; only what is used counts.
        if (payload.readableBytes() < count * REGION_BYTES) {
            throw wrongSize();
        }
        expectFds((int) count, (int) count);
        List<Message.Region> regions = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            regions.add(region(frame.fds().get(i)));
        }
        return new Message.SetMemTable(regions);
    }

    private Message.Region singleRegion() throws MessageFault {
        expectSize(U64_BYTES + REGION_BYTES);
        payload.skipBytes(U64_BYTES);
        return region(frame.fds().isEmpty() ? null : frame.fds().get(0));
    }

    private Message.Region region(@Nullable Fd fd) {
        return new Message.Region(
                payload.readLongLE(), payload.readLongLE(), payload.readLongLE(), payload.readLongLE(), fd);
    }

    private Message vringAddr() throws MessageFault {
        expectSize(VRING_ADDR_BYTES);
        long index = payload.readUnsignedIntLE();
        long flags = payload.readUnsignedIntLE();
        if ((flags & ~VHOST_VRING_F_LOG) != 0) {
            throw new MessageFault("SET_VRING_ADDR with flags %#x".formatted(flags));
        }
        long desc = payload.readLongLE();
        long used = payload.readLongLE();
        long avail = payload.readLongLE();
        long log = payload.readLongLE();
        return new Message.SetVringAddr(index, new VringAddress(desc, avail, used), flags != 0, log);
    }

    private Message.Inflight inflight() throws MessageFault {
        boolean padded = payload.readableBytes() == PADDED_INFLIGHT_BYTES;
        expectSize(padded ? PADDED_INFLIGHT_BYTES : INFLIGHT_BYTES);
        return new Message.Inflight(
                payload.readLongLE(),
                payload.readLongLE(),
                payload.readUnsignedShortLE(),
                payload.readUnsignedShortLE(),
                padded);
    }

    private Message vringEnable() throws MessageFault {
        expectSize(VRING_STATE_BYTES);
        long index = payload.readUnsignedIntLE();
        long num = payload.readUnsignedIntLE();
        if (num > 1) {
            throw new MessageFault("SET_VRING_ENABLE with " + num);
        }
        return new Message.SetVringEnable(index, num == 1);
    }

    private @Nullable Fd vringFd(long word) throws MessageFault {
        if ((word & ~(VRING_INDEX_MASK | VRING_NOFD)) != 0) {
            throw new MessageFault("%s with %#x".formatted(type, word));
        }
        if ((word & VRING_NOFD) != 0) {
            expectFds(0, 0);
            return null;
        }
        expectFds(1, 1);
        return frame.fds().get(0);
    }

    private Message iotlb() throws MessageFault {
        expectSize(payload.readableBytes() == PADDED_IOTLB_BYTES ? PADDED_IOTLB_BYTES : IOTLB_BYTES);
        long address = payload.readLongLE();
        long size = payload.readLongLE();
        long userAddress = payload.readLongLE();
        int access = payload.readUnsignedByte();
        int kind = payload.readUnsignedByte();
        return switch (kind) {
            case IOTLB_UPDATE -> new Message.IotlbUpdate(address, size, userAddress, access);
            case IOTLB_INVALIDATE -> new Message.IotlbInvalidate(address, size);
            default -> throw new MessageFault("IOTLB message of type " + kind);
        };
    }

    private Message getConfig() throws MessageFault {
        if (payload.readableBytes() < CONFIG_HEADER_BYTES) {
            throw wrongSize();
        }
        Message.GetConfig message = new Message.GetConfig(
                payload.readUnsignedIntLE(), payload.readUnsignedIntLE(), payload.readUnsignedIntLE());
        expectRest(message.size());
        return message;
    }

    private Message setConfig() throws MessageFault {
        if (payload.readableBytes() < CONFIG_HEADER_BYTES) {
            throw wrongSize();
        }
        long offset = payload.readUnsignedIntLE();
        long size = payload.readUnsignedIntLE();
        payload.skipBytes(Integer.BYTES);
        expectRest(size);
        byte[] bytes = new byte[(int) size];
        payload.readBytes(bytes);
        return new Message.SetConfig(offset, bytes);
    }

    private void expectRest(long size) throws MessageFault {
        if (payload.readableBytes() != size) {
            throw wrongSize();
        }
    }

    private void expectSize(int size) throws MessageFault {
        if (payload.readableBytes() != size) {
            throw wrongSize();
        }
    }

    private MessageFault wrongSize() {
        return new MessageFault(type + " with a payload of " + payload.writerIndex() + " bytes");
    }

    private void expectFds(int least, int most) throws MessageFault {
        int count = frame.fds().size();
        if (count < least || count > most) {
            throw new MessageFault(type + " with " + count + " file descriptors");
        }
    }
}
