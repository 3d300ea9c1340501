package dev.ringside.vfiouser;

import dev.ringside.channel.FdChannel;
import dev.ringside.channel.Frame;
import dev.ringside.channel.SocketServer;
import dev.ringside.fault.FaultLog;
import dev.ringside.fault.MessageFault;
import dev.ringside.fault.PeerFault;
import dev.ringside.linux.Errno;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Pollable;
import dev.ringside.pci.Dma;
import dev.ringside.pci.PciBus;
import dev.ringside.pci.PciFunction;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's connection, from its first message until nothing of it is left. The last handler of the connection's
 * pipeline, and the bus that the function is plugged into; runs on the session's loop.
 */
final class VfioUserSession extends SimpleChannelInboundHandler<Frame>
        implements SocketServer.Session, PciBus, Pollable {
    private static final Logger LOG = LoggerFactory.getLogger(VfioUserSession.class);

    /** VFIO_DEVICE_FLAGS_: it can be reset, and it is a PCI device. */
    private static final int DEVICE_FLAGS = 0x3;
    /** VFIO_REGION_INFO_FLAG_: it can be read and written. */
    private static final int REGION_FLAGS = 0x3;
    /** VFIO_IRQ_INFO_: it signals an eventfd, can be masked, and masks itself. */
    private static final int INTX_FLAGS = 0x7;
    /** VFIO_IRQ_INFO_EVENTFD. */
    private static final int NO_IRQ_FLAGS = 0x1;

    private final PciFunction function;
    private final FdChannel channel;
    private final DeviceLoop loop;
    private final VfioUserStats stats;
    private final FaultLog faults;
    private final Regions regions;
    private final IntxLine intx;
    private final RemoteDma remoteDma;
    private final DmaTable dmaTable = new DmaTable(Negotiation.MAX_DMA_MAPS);
    private final ClientMemory memory;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private boolean negotiated;
    private boolean active;

    /**
     * @param channel whose pipeline this is going to be the last handler of
     * @param loop the session's own
     */
    VfioUserSession(PciFunction function, FdChannel channel, DeviceLoop loop, FaultLog faults, VfioUserStats stats) {
        super(false);
        this.function = function;
        this.channel = channel;
        this.loop = loop;
        this.stats = stats;
        this.faults = faults;
        this.regions = new Regions(function);
        this.intx = new IntxLine(loop, stats);
        this.remoteDma = new RemoteDma(channel, stats);
        this.memory = new ClientMemory(dmaTable, remoteDma, stats, message -> faults.warn(function.name(), message));
    }

    @Override
    public CompletableFuture<Void> ended() {
        return ended;
    }

    @Override
    public void close() {
        channel.close();
    }

    @Override
    public Dma dma() {
        return memory;
    }

    @Override
    public void intx(boolean asserted) {
        intx.level(asserted);
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        LOG.debug("{}: client connected", function.name());
        function.attach(this);
        context.read();
    }

    /** Looks for messages: a guest's register accesses come in bursts, and its processor waits for each that it reads. */
    @Override
    public boolean poll() {
        return channel.poll();
    }

    @Override
    public void wake() {
        if (!active && channel.isOpen()) {
            active = true;
            loop.activate(this);
        }
    }

    @Override
    public boolean arm() {
        active = false;
        return true;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, Frame frame) {
        stats.message();
        wake();
        try {
            int type = frame.bytes().getIntLE(VfioUserFraming.FLAGS) & VfioUserFraming.TYPE_MASK;
            if (type == VfioUserFraming.TYPE_REPLY) {
                remoteDma.replied(frame.bytes());
            } else {
                answer(context, frame, type);
            }
        } catch (MessageFault e) {
            faults.warn(function.name(), "ignored a message, " + e.getMessage());
        } finally {
            frame.release();
        }
        if (channel.isOpen() && channel.isWritable()) {
            context.read();
        }
    }

    /** A client that does not read its replies is not read from. */
    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (channel.isWritable()) {
            context.read();
        }
    }

    private void answer(ChannelHandlerContext context, Frame frame, int type) {
        ByteBuf header = frame.bytes();
        int id = header.getUnsignedShortLE(VfioUserFraming.ID);
        int command = header.getUnsignedShortLE(VfioUserFraming.COMMAND);
        boolean replyWanted = (header.getIntLE(VfioUserFraming.FLAGS) & VfioUserFraming.FLAG_NO_REPLY) == 0;
        ByteBuf reply = Reply.begin(context.alloc(), id, command, 32);
        int errno;
        try {
            if (type != VfioUserFraming.TYPE_REQUEST) {
                throw new MessageFault("message of type " + type);
            }
            errno = handle(RequestDecoder.decode(frame), frame, reply);
        } catch (MessageFault e) {
            faults.warn(function.name(), "refused a request, " + e.getMessage());
            errno = Errno.EINVAL;
        } catch (InternalError e) {
            // The JVM's word for SIGBUS: the client has cut the file that it shares.
            faults.warn(function.name(), "shared memory has gone, " + e.getMessage());
            errno = Errno.EFAULT;
        } catch (RuntimeException e) {
            LOG.error("{}: unexpected failure", function.name(), e);
            errno = Errno.EIO;
        }
        if (errno != 0 && !negotiated) {
            reply.release();
            context.writeAndFlush(Reply.refusal(context.alloc(), id, command, errno))
                    .addListener(written -> context.close());
        } else if (!replyWanted) {
            reply.release();
        } else if (errno == 0) {
            context.writeAndFlush(Reply.seal(reply), context.voidPromise());
        } else {
            reply.release();
            context.writeAndFlush(Reply.refusal(context.alloc(), id, command, errno), context.voidPromise());
        }
    }

    /** Returns 0, having appended the reply's payload, or an errno. */
    private int handle(Request request, Frame frame, ByteBuf reply) throws MessageFault {
        if (LOG.isTraceEnabled()) {
            LOG.trace("{}: {}", function.name(), request);
        }
        if (negotiated == request instanceof Request.Version) {
            throw new MessageFault(negotiated ? "a second VERSION" : "no VERSION before " + request);
        }
        switch (request) {
            case Request.RegionRead read -> {
                reply.writeLongLE(read.offset());
                reply.writeIntLE((int) read.region());
                reply.writeIntLE(read.count());
                regions.read(read, reply);
            }
            case Request.RegionWrite write -> {
                int count = write.data().readableBytes();
                regions.write(write.region(), write.offset(), write.data(), 0, count);
                reply.writeLongLE(write.offset());
                reply.writeIntLE((int) write.region());
                reply.writeIntLE(count);
            }
            case Request.RegionWriteMulti multi -> {
                writeMulti(multi);
                reply.writeLongLE(multi.count());
            }
            case Request.SetIrqs set -> InterruptRequests.apply(set, intx, frame);
            case Request.DmaMap map -> {
                memory.forget();
                dmaTable.add(map);
            }
            case Request.DmaUnmap unmap -> {
                memory.forget();
                long bytes = dmaTable.remove(unmap);
                reply.writeIntLE((int) unmap.argsz());
                reply.writeIntLE((int) unmap.flags());
                reply.writeLongLE(unmap.address());
                reply.writeLongLE(bytes);
            }
            case Request.Version version -> negotiate(version, reply);
            case Request.GetInfo get -> writeInts(reply, 16, DEVICE_FLAGS, Regions.COUNT, InterruptRequests.INDEXES);
            case Request.GetRegionInfo get -> {
                int size = regions.size(get.index());
                writeInts(reply, 32, size == 0 ? 0 : REGION_FLAGS, (int) get.index(), 0);
                reply.writeLongLE(size);
                reply.writeLongLE(0);
            }
            case Request.GetRegionIoFds get -> {
                regions.size(get.index());
                writeInts(reply, 16, 0, (int) get.index(), 0);
            }
            case Request.GetIrqInfo get -> irqInfo(get, reply);
            case Request.Reset reset -> function.reset();
            case Request.Unsupported unsupported -> {
                return Errno.EOPNOTSUPP;
            }
        }
        return 0;
    }

    private static void writeInts(ByteBuf reply, int... values) {
        for (int value : values) {
            reply.writeIntLE(value);
        }
    }

    private void negotiate(Request.Version version, ByteBuf reply) throws MessageFault {
        Negotiation agreed = Negotiation.with(version);
        LOG.debug("{}: client offers {}", function.name(), version.capabilities());
        remoteDma.maxTransfer(agreed.maxTransfer());
        negotiated = true;
        reply.writeShortLE(Negotiation.MAJOR);
        reply.writeShortLE(Negotiation.MINOR);
        if (!agreed.reply().isEmpty()) {
            reply.writeCharSequence(agreed.reply(), StandardCharsets.UTF_8);
            reply.writeByte(0);
        }
    }

    private static void irqInfo(Request.GetIrqInfo get, ByteBuf reply) throws MessageFault {
        if (get.index() >= InterruptRequests.INDEXES) {
            throw new MessageFault("interrupt index " + get.index());
        }
        boolean present = get.index() == InterruptRequests.INTX;
        writeInts(reply, 16, present ? INTX_FLAGS : NO_IRQ_FLAGS, (int) get.index(), present ? 1 : 0);
    }

    private void writeMulti(Request.RegionWriteMulti multi) throws MessageFault {
        ByteBuf writes = multi.writes();
        for (int i = 0; i < multi.count(); i++) {
            int at = i * Request.RegionWriteMulti.ENTRY_BYTES;
            long count = writes.getUnsignedIntLE(at + 12);
            if (count > Request.RegionWriteMulti.DATA_BYTES) {
                throw new MessageFault("REGION_WRITE_MULTI with a write of %d bytes".formatted(count));
            }
            regions.write(writes.getUnsignedIntLE(at + 8), writes.getLongLE(at), writes, at + 16, (int) count);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        String what = cause instanceof PeerFault || cause instanceof IOException
                ? String.valueOf(cause.getMessage())
                : cause.toString();
        faults.warn(function.name(), "connection ended, " + what);
        context.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        LOG.debug("{}: client gone", function.name());
        loop.deactivate(this);
        function.detach(() -> ended.complete(null));
        remoteDma.clear();
        intx.disconnect();
        memory.forget();
        dmaTable.clear();
    }
}
