package dev.ringside.net;

import dev.ringside.device.Feature;
import dev.ringside.device.QueueContext;
import dev.ringside.device.QueueHandler;
import dev.ringside.device.VirtioDevice;
import dev.ringside.fault.FaultLog;
import dev.ringside.fault.MessageFault;
import dev.ringside.link.Frame;
import dev.ringside.link.Offload;
import dev.ringside.link.Port;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A virtio-net device, plugged into a link (virtio 1.2 §5.1). Queue 2N receives, 2N + 1 transmits. */
final class NetDevice implements VirtioDevice {
    private static final Logger LOG = LoggerFactory.getLogger(NetDevice.class);

    /** The most queue pairs; together with the control queue a vring's index then still fits into 8 bits. */
    static final int MAX_PAIRS = 16;

    private static final int VLAN_TAG_BYTES = 4;

    private final String name;
    private final Port port;
    private final NetConfig config;
    private final List<QueueCounters> counters = new ArrayList<>();
    private final FaultLog faults = new FaultLog(LOG);
    private volatile Runnable configListener = () -> {};

    /**
     * @param name for log lines
     * @param port where the device is plugged in; borrowed
     * @param config what the driver is told
     * @param pairs the most queue pairs that a driver may use, up to {@link #MAX_PAIRS}
     */
    NetDevice(String name, Port port, NetConfig config, int pairs) {
        this.name = name;
        this.port = port;
        this.config = config;
        for (int i = 0; i < pairs; i++) {
            counters.add(new QueueCounters());
        }
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
        return NetFeature.OFFLOADS
                | NetFeature.MRG_RXBUF
                | NetFeature.MAC
                | NetFeature.MTU
                | NetFeature.STATUS
                | NetFeature.SPEED_DUPLEX
                | NetFeature.GUEST_ANNOUNCE
                | NetFeature.CTRL_VQ
                | (counters.size() > 1 ? NetFeature.MQ : 0);
    }

    @Override
    public int maxQueues() {
        return 2 * counters.size() + 1;
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
    public QueueHandler start(QueueContext queue, long features) {
        int pair = queue.index() / 2;
        String queueName = name + " queue " + queue.index();
        if (queue.index() % 2 == 1) {
            return new TxQueue(queueName, queue, port, pair, counters.get(pair), faults, features);
        }
        return new RxQueue(queueName, queue, port, pair, largestFrame(features), counters.get(pair), faults, features);
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
        config.announce(false);
    }

    @Override
    public void onConfigChange(Runnable listener) {
        configListener = listener;
    }
}
