package dev.ringside.vfiouser;

import dev.ringside.channel.Frame;
import dev.ringside.fault.MessageFault;
import dev.ringside.linux.Fd;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Turns messages into requests: command, size, descriptors, then the fields. */
final class RequestDecoder {
    private static final int DMA_MAP_READ = 1;
    private static final int DMA_MAP_WRITE = 2;
    private static final int DMA_UNMAP_ALL = 2;

    private RequestDecoder() {}

    /**
     * Decodes a request.
     *
     * @param frame goes on to own its bytes and descriptors, which the request refers to
     * @throws MessageFault if there is no such command, or its size or number of descriptors is wrong
     */
    static Request decode(Frame frame) throws MessageFault {
        ByteBuf bytes = frame.bytes();
        int number = bytes.getUnsignedShortLE(VfioUserFraming.COMMAND);
        Command command = Command.of(number);
        if (command == null) {
            throw new MessageFault("unknown command " + number);
        }
        ByteBuf payload = bytes.slice(VfioUserFraming.HEADER_BYTES, bytes.writerIndex() - VfioUserFraming.HEADER_BYTES);
        if (payload.readableBytes() < command.minBytes()) {
            throw new MessageFault("%s with %d bytes of payload".formatted(command, payload.readableBytes()));
        }
        if (frame.fds().size() > command.maxFds()) {
            throw new MessageFault(
                    "%s with %d file descriptors".formatted(command, frame.fds().size()));
        }
        return switch (command) {
            case VERSION -> version(payload);
            case DMA_MAP -> dmaMap(payload, frame.fds());
            case DMA_UNMAP -> dmaUnmap(payload);
            case DEVICE_GET_INFO -> new Request.GetInfo();
            case DEVICE_GET_REGION_INFO -> new Request.GetRegionInfo(payload.getUnsignedIntLE(8));
            case DEVICE_GET_REGION_IO_FDS -> new Request.GetRegionIoFds(payload.getUnsignedIntLE(8));
            case DEVICE_GET_IRQ_INFO -> new Request.GetIrqInfo(payload.getUnsignedIntLE(8));
            case DEVICE_SET_IRQS -> setIrqs(payload, frame.fds());
            case REGION_READ -> regionRead(payload);
            case REGION_WRITE -> regionWrite(payload);
            case REGION_WRITE_MULTI -> regionWriteMulti(payload);
            case DEVICE_RESET -> new Request.Reset();
            case DMA_READ, DMA_WRITE -> throw new MessageFault(command + " from a client");
            case DEVICE_FEATURE -> new Request.Unsupported(command);
        };
    }

    private static Request version(ByteBuf payload) throws MessageFault {
        int jsonBytes = payload.readableBytes() - 4;
        if (jsonBytes > 0 && payload.getByte(payload.writerIndex() - 1) != 0) {
            throw new MessageFault("VERSION whose capabilities do not end with NUL");
        }
        String json = jsonBytes == 0 ? "" : payload.toString(4, jsonBytes - 1, StandardCharsets.UTF_8);
        return new Request.Version(payload.getUnsignedShortLE(0), payload.getUnsignedShortLE(2), json);
    }

    private static Request dmaMap(ByteBuf payload, List<Fd> fds) throws MessageFault {
        long flags = payload.getUnsignedIntLE(4);
        if ((flags & ~(DMA_MAP_READ | DMA_MAP_WRITE)) != 0) {
            throw new MessageFault("DMA_MAP with flags %#x".formatted(flags));
        }
        return new Request.DmaMap(
                payload.getLongLE(16),
                payload.getLongLE(24),
                payload.getLongLE(8),
                (flags & DMA_MAP_READ) != 0,
                (flags & DMA_MAP_WRITE) != 0,
                only(fds));
    }

    private static Request dmaUnmap(ByteBuf payload) throws MessageFault {
        long flags = payload.getUnsignedIntLE(4);
        if ((flags & ~DMA_UNMAP_ALL) != 0) {
            throw new MessageFault("DMA_UNMAP with flags %#x".formatted(flags));
        }
        return new Request.DmaUnmap(
                payload.getUnsignedIntLE(0),
                flags,
                payload.getLongLE(8),
                payload.getLongLE(16),
                (flags & DMA_UNMAP_ALL) != 0);
    }

    private static Request setIrqs(ByteBuf payload, List<Fd> fds) {
        return new Request.SetIrqs(
                payload.getUnsignedIntLE(4),
                payload.getUnsignedIntLE(8),
                payload.getUnsignedIntLE(12),
                payload.getUnsignedIntLE(16),
                payload.slice(20, payload.readableBytes() - 20),
                only(fds));
    }

    private static Request regionRead(ByteBuf payload) throws MessageFault {
        long count = payload.getUnsignedIntLE(12);
        if (count > VfioUserFraming.MAX_DATA_BYTES) {
            throw new MessageFault("REGION_READ of %d bytes".formatted(count));
        }
        return new Request.RegionRead(payload.getUnsignedIntLE(8), payload.getLongLE(0), (int) count);
    }

    private static Request regionWrite(ByteBuf payload) throws MessageFault {
        long count = payload.getUnsignedIntLE(12);
        if (count != payload.readableBytes() - 16) {
            throw new MessageFault("REGION_WRITE of %d bytes with %d".formatted(count, payload.readableBytes() - 16));
        }
        return new Request.RegionWrite(
                payload.getUnsignedIntLE(8), payload.getLongLE(0), payload.slice(16, (int) count));
    }

    private static Request regionWriteMulti(ByteBuf payload) throws MessageFault {
        long count = payload.getLongLE(0);
        int bytes = payload.readableBytes() - 8;
        if (count < 0 || count > bytes / Request.RegionWriteMulti.ENTRY_BYTES) {
            throw new MessageFault("REGION_WRITE_MULTI of %d writes in %d bytes".formatted(count, bytes));
        }
        return new Request.RegionWriteMulti((int) count, payload.slice(8, bytes));
    }

    private static @Nullable Fd only(List<Fd> fds) {
        return fds.isEmpty() ? null : fds.getFirst();
    }
}
