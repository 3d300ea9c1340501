package dev.ringside.net;

import dev.ringside.device.Feature;
import dev.ringside.device.NetworkDevice;
import dev.ringside.device.QueueContext;
import dev.ringside.device.QueueHandler;
import dev.ringside.device.QueueStats;
import dev.ringside.fault.FaultLog;
import dev.ringside.fault.MessageFault;
import dev.ringside.link.Frame;
import dev.ringside.link.Offload;
import dev.ringside.link.Port;
import dev.ringside.link.TxLane;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.metrics.Metrics;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A virtio-net device, plugged into a link (virtio 1.2 §5.1). Queue 2N receives, 2N + 1 transmits; all of them use what
 * they take in order.
 */
final class NetDevice implements NetworkDevice {
    private static final Logger LOG = LoggerFactory.getLogger(NetDevice.class);

    /** The most queue pairs; together with the control queue a vring's index then still fits into 8 bits. */
    static final int MAX_PAIRS = 16;

    /** The smallest MTU of IPv4 (RFC 791), and the largest IP packet. */
    static final int MIN_MTU = 68;

    static final int MAX_MTU = 65535;

    private static final int VLAN_TAG_BYTES = 4;

    private final String name;
    private final Port port;
    private final NetConfig config;
    private final String label;
    private final int pairs;
    private final Metrics metrics;
    /** Made when a queue first starts. */
    private final @Nullable NetStats[] stats;

    private final FaultLog faults = new FaultLog(LOG);
    private volatile Runnable configListener = () -> {};

    /**
     * @param name for log lines
     * @param label tells its counts apart from other devices'
     * @param port where the device is plugged in; borrowed
     * @param config what the driver is told
     * @param pairs the most queue pairs that a driver may use, up to {@link #MAX_PAIRS}
     */
    NetDevice(String name, String label, Port port, NetConfig config, int pairs, Metrics metrics) {
        this.name = name;
        this.label = label;
        this.port = port;
        this.config = config;
        this.pairs = pairs;
        this.metrics = metrics;
        this.stats = new NetStats[2 * pairs + 1];
        port.counters().announce(metrics, Map.of("device", label));
        config.linkUp(port.isUp());
        port.onChange(this::linkChanged);
    }

    private void linkChanged() {
        config.linkUp(port.isUp());
        configListener.run();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long features() {
        return Feature.IN_ORDER
                | NetFeature.OFFLOADS
                | NetFeature.MRG_RXBUF
                | NetFeature.MAC
                | NetFeature.MTU
                | NetFeature.STATUS
                | NetFeature.SPEED_DUPLEX
                | NetFeature.GUEST_ANNOUNCE
                | NetFeature.CTRL_VQ
                | NetFeature.CTRL_RX
                | NetFeature.CTRL_VLAN
                | NetFeature.CTRL_MAC_ADDR
                | (pairs > 1 ? NetFeature.MQ : 0);
    }

    @Override
    public int maxQueues() {
        return 2 * pairs + 1;
    }

    @Override
    public byte[] config() {
        return config.bytes();
    }

    @Override
    public void writeConfig(int offset, byte[] bytes, long features) throws MessageFault {
        throw new MessageFault("config space is read-only, write of " + bytes.length + " bytes at " + offset);
    }

    @Override
    public int queueNum() {
        return pairs;
    }

    @Override
    public int group(int index) {
        return index / 2;
    }

    /** A disabled transmit queue is emptied, a disabled receive queue rests. */
    @Override
    public boolean runsDisabled(int index) {
        return index % 2 == 1;
    }

    @Override
    public QueueHandler start(QueueContext queue, long features) {
        int index = queue.index();
        String queueName = name + " queue " + index;
        if (index == controlQueue(features)) {
            return new ControlQueue(queueName, queue, config, pairs, faults);
        }
        if (index == 2 * pairs) {
            return new UnusedQueue(queue);
        }
        if (index % 2 == 1) {
            return new TxQueue(queueName, queue, port, index / 2, netStats(index), faults, features);
        }
        boolean receives = index == 0 || !Feature.has(features, NetFeature.CTRL_VQ);
        if (!receives) {
            return new UnusedQueue(queue);
        }
        return new RxQueue(
                queueName, queue, port, index / 2, largestFrame(features), netStats(index), faults, features);
    }

    /** Behind the last pair, if there is one (§5.1.2). */
    private int controlQueue(long features) {
        if (!Feature.has(features, NetFeature.CTRL_VQ)) {
            return -1;
        }
        return Feature.has(features, NetFeature.MQ) ? 2 * pairs : 2;
    }

    @Override
    public QueueStats stats(int index) {
        return netStats(index).queue;
    }

    private synchronized NetStats netStats(int index) {
        NetStats found = stats[index];
        if (found == null) {
            found = new NetStats(metrics, Map.of("device", label, "queue", String.valueOf(index)));
            stats[index] = found;
        }
        return found;
    }

    /** One line about all that was done. */
    synchronized String summary() {
        long[] frames = new long[2];
        long[] bytes = new long[2];
        long kicks = 0;
        long calls = 0;
        for (int i = 0; i < stats.length; i++) {
            NetStats queue = stats[i];
            if (queue != null) {
                frames[i % 2] += queue.frames();
                bytes[i % 2] += queue.bytes();
                kicks += queue.queue.kicks();
                calls += queue.queue.calls();
            }
        }
        return "%s: %d frames (%d bytes) to the guest, %d (%d) from it, %d and %d dropped, %d kicks, %d calls"
                .formatted(
                        name,
                        frames[0],
                        bytes[0],
                        frames[1],
                        bytes[1],
                        port.counters().allReceived(),
                        port.counters().allSent(),
                        kicks,
                        calls);
    }

    @Override
    public void mtu(long mtu) throws MessageFault {
        if (mtu < MIN_MTU || mtu > MAX_MTU) {
            throw new MessageFault("NET_SET_MTU with " + Long.toUnsignedString(mtu));
        }
        config.mtu((int) mtu);
    }

    @Override
    public void announce(long mac, DeviceLoop loop) {
        TxLane lane = port.openTx(0, loop);
        lane.send(Rarp.announcement(mac));
        lane.flush();
        lane.close(() -> {});
    }

    /** What may come in, in bytes. A driver that takes no frames to be cut and knows the MTU gets no more than that. */
    private int largestFrame(long features) {
        boolean large = (NetFeature.guestOffloads(features) & ~Offload.CSUM) != 0;
        return large || !Feature.has(features, NetFeature.MTU)
                ? Frame.MAX_BYTES
                : config.mtu() + Frame.ETHERNET_BYTES + VLAN_TAG_BYTES;
    }

    @Override
    public void reset() {
        config.reset();
    }

    @Override
    public void onConfigChange(Runnable listener) {
        configListener = listener;
    }
}
