package dev.ringside.vhostuser;

import dev.ringside.channel.FdChannel;
import dev.ringside.channel.SocketServer;
import dev.ringside.device.VirtioDevice;
import dev.ringside.fault.FaultLog;
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
        FdChannel channel = new FdChannel(loop(), connection, new VhostUserFraming());
        VhostUserSession session = new VhostUserSession(device, channel, loop(), vringLoops, faults);
        channel.pipeline().addLast(session);
        channel.open();
        return session;
    }

    private void configChanged() {
        if (session() instanceof VhostUserSession session) {
            session.configChanged();
        }
    }
}
