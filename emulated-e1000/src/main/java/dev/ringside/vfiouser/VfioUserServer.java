package dev.ringside.vfiouser;

import dev.ringside.channel.FdChannel;
import dev.ringside.channel.SocketServer;
import dev.ringside.fault.FaultLog;
import dev.ringside.linux.UnixSocket;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.metrics.Metrics;
import dev.ringside.pci.PciFunction;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Serves one PCI function to one vfio-user client after another. */
public final class VfioUserServer extends SocketServer {
    private static final Logger LOG = LoggerFactory.getLogger(VfioUserServer.class);

    private final PciFunction function;
    private final VfioUserStats stats;
    private final FaultLog faults = new FaultLog(LOG);

    /**
     * @param function what to serve; used on {@code loop} only
     * @param loop where connections are made, sessions live and the function works
     * @param metrics where what is counted is announced
     * @param labels of the function there
     */
    public VfioUserServer(PciFunction function, DeviceLoop loop, Metrics metrics, Map<String, String> labels) {
        super(function.name(), loop);
        this.function = function;
        this.stats = new VfioUserStats(metrics, labels);
    }

    /** One line about what was done, for the log. */
    public String summary() {
        return stats.summary();
    }

    @Override
    protected Session open(UnixSocket connection) {
        FdChannel channel = new FdChannel(loop(), connection, new VfioUserFraming());
        VfioUserSession session = new VfioUserSession(function, channel, loop(), faults, stats);
        channel.pipeline().addLast(session);
        channel.open();
        return session;
    }
}
