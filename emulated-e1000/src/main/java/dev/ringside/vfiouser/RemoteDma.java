package dev.ringside.vfiouser;

import dev.ringside.channel.FdChannel;
import dev.ringside.channel.Frame;
import dev.ringside.fault.MessageFault;
import dev.ringside.pci.DmaFence;
import io.netty.buffer.ByteBuf;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * DMA by messages, for memory that the client has not shared: DMA_READ and DMA_WRITE go out, and their replies are matched
 * by message id when they come. Used on the session's loop.
 */
final class RemoteDma {
    /** u64 address, u64 count; the data follows. */
    private static final int FIELDS_BYTES = 16;

    private static final int MAX_IDS = 0x10000;

    /** What a reply is waited for; {@code to} is {@code null} for a write. */
    private record Transfer(Command command, @Nullable MemorySegment to, long offset, int length, DmaFence fence) {}

    private final FdChannel channel;
    private final VfioUserStats stats;
    private final Map<Integer, Transfer> waiting = new HashMap<>();
    private int maxTransfer = 1;
    private int nextId;
    private boolean flushing;

    RemoteDma(FdChannel channel, VfioUserStats stats) {
        this.channel = channel;
        this.stats = stats;
    }

    /** Sets how many bytes one message may carry, above 0. */
    void maxTransfer(int bytes) {
        maxTransfer = bytes;
    }

    /** Asks for bytes; parameters as for {@link dev.ringside.pci.Dma#read}. */
    void read(long address, MemorySegment to, long offset, int length, DmaFence fence) {
        for (int done = 0; done < length; ) {
            int part = Math.min(length - done, maxTransfer);
            ByteBuf message = begin(Command.DMA_READ, address + done, part, 0);
            send(message, new Transfer(Command.DMA_READ, to, offset + done, part, fence));
            done += part;
        }
    }

    /** Sends bytes; parameters as for {@link dev.ringside.pci.Dma#write}. */
    void write(long address, MemorySegment from, long offset, int length, DmaFence fence) {
        for (int done = 0; done < length; ) {
            int part = Math.min(length - done, maxTransfer);
            ByteBuf message = begin(Command.DMA_WRITE, address + done, part, part);
            int at = message.writerIndex();
            MemorySegment.copy(from, offset + done, MemorySegment.ofBuffer(message.nioBuffer(at, part)), 0, part);
            message.writerIndex(at + part);
            send(message, new Transfer(Command.DMA_WRITE, null, 0, part, fence));
            done += part;
        }
    }

    private ByteBuf begin(Command command, long address, int count, int dataBytes) {
        ByteBuf message = channel.alloc().directBuffer(VfioUserFraming.HEADER_BYTES + FIELDS_BYTES + dataBytes);
        message.writeShortLE(0);
        message.writeShortLE(command.number());
        message.writeIntLE(VfioUserFraming.HEADER_BYTES + FIELDS_BYTES + dataBytes);
        message.writeIntLE(VfioUserFraming.TYPE_REQUEST);
        message.writeIntLE(0);
        message.writeLongLE(address);
        message.writeLongLE(count);
        return message;
    }

    private void send(ByteBuf message, Transfer transfer) {
        if (waiting.size() == MAX_IDS) {
            message.release();
            transfer.fence.fail();
            return;
        }
        while (waiting.containsKey(nextId)) {
            nextId = (nextId + 1) % MAX_IDS;
        }
        int id = nextId;
        nextId = (nextId + 1) % MAX_IDS;
        message.setShortLE(VfioUserFraming.ID, id);
        waiting.put(id, transfer);
        transfer.fence.begin();
        stats.dmaMessage();
        channel.write(Frame.toSend(message, List.of()));
        if (!flushing) {
            flushing = true;
            channel.eventLoop().execute(this::flush);
        }
    }

    private void flush() {
        flushing = false;
        channel.flush();
    }

    /**
     * Takes a reply.
     *
     * @param bytes the whole message
     * @throws MessageFault if nothing is waiting for it; it has no effect then
     */
    void replied(ByteBuf bytes) throws MessageFault {
        int id = bytes.getUnsignedShortLE(VfioUserFraming.ID);
        int number = bytes.getUnsignedShortLE(VfioUserFraming.COMMAND);
        Transfer transfer = waiting.get(id);
        if (transfer == null || transfer.command.number() != number) {
            throw new MessageFault("reply %d to command %d, which was not sent".formatted(id, number));
        }
        waiting.remove(id);
        int data = VfioUserFraming.HEADER_BYTES + FIELDS_BYTES;
        boolean refused = (bytes.getIntLE(VfioUserFraming.FLAGS) & VfioUserFraming.FLAG_ERROR) != 0;
        MemorySegment to = transfer.to;
        if (refused || (to != null && bytes.writerIndex() - data != transfer.length)) {
            transfer.fence.fail();
        } else if (to != null && !transfer.fence.isAbandoned()) {
            MemorySegment from = MemorySegment.ofBuffer(bytes.nioBuffer(data, transfer.length));
            MemorySegment.copy(from, 0, to, transfer.offset, transfer.length);
        }
        transfer.fence.end();
    }

    /** Nothing is waited for any more: the connection is over. */
    void clear() {
        waiting.clear();
    }
}
