package dev.ringside.vhostuser;

import dev.ringside.channel.FdChannel;
import dev.ringside.channel.Frame;
import dev.ringside.channel.Framing;
import dev.ringside.channel.SocketServer;
import dev.ringside.device.VirtioDevice;
import dev.ringside.fault.FaultLog;
import dev.ringside.fault.MessageFault;
import dev.ringside.linux.Fd;
import dev.ringside.linux.UnixSocket;
import dev.ringside.loop.DeviceLoop;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Serves one virtio device to one vhost-user front-end after another. */
public final class VhostUserServer extends SocketServer {
    private static final Logger LOG = LoggerFactory.getLogger(VhostUserServer.class);

    private final VirtioDevice device;
    private final List<DeviceLoop> vringLoops;
    private final FaultLog faults = new FaultLog(LOG);

    /**
     * @param device what to serve
     * @param loop where control messages are handled
     * @param vringLoops where queues run, spread over them; may contain {@code loop}
     */
    public VhostUserServer(VirtioDevice device, DeviceLoop loop, List<DeviceLoop> vringLoops) {
        super(device.name(), loop);
        this.device = device;
        this.vringLoops = List.copyOf(vringLoops);
        device.onConfigChange(() -> loop.execute(this::configChanged));
    }

    @Override
    protected Session open(UnixSocket connection) {
        return open(connection, false);
    }

    @Override
    protected Session openInherited(UnixSocket connection) {
        return open(connection, true);
    }

    private Session open(UnixSocket connection, boolean inherited) {
        FdChannel channel = new FdChannel(loop(), connection, new VhostUserFraming());
        VhostUserSession session = new VhostUserSession(device, channel, loop(), vringLoops, faults, inherited);
        channel.pipeline().addLast(session);
        channel.open();
        return session;
    }

    /** How vhost-user's messages are told apart, for others that are like them. */
    public static Framing framing() {
        return new VhostUserFraming();
    }

    /** A message with a 64-bit value, framed as vhost-user's are. */
    public static Frame message(int request, long value, List<Fd> fds) {
        return Words.message(request, fds, payload -> payload.writeLongLE(value));
    }

    /** The number of a message's request. */
    public static int request(Frame frame) {
        return frame.bytes().getIntLE(0);
    }

    /** The value of such a message. */
    public static long value(Frame frame) throws MessageFault {
        if (frame.bytes().writerIndex() != VhostUserFraming.HEADER_BYTES + Long.BYTES) {
            throw new MessageFault("message without a value");
        }
        return frame.bytes().getLongLE(VhostUserFraming.HEADER_BYTES);
    }

    private void configChanged() {
        if (session() instanceof VhostUserSession session) {
            session.configChanged();
        }
    }
}
