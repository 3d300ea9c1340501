package dev.ringside.link;

import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A learning switch among all NICs of the process that are plugged into it (IEEE 802.1Q). Ports of different VLANs do
 * not hear each other; tags within frames are nobody's business here.
 *
 * <pre>
 *   TxLane.send -> source address learned -> destination known: that port's receive queue
 *                                         -> unknown, or a group: those of all other ports of the VLAN
 * </pre>
 */
final class SwitchLink implements Link {
    private final String name;
    private final MacTable stations = new MacTable();
    private final CopyOnWriteArrayList<SwitchPort> ports = new CopyOnWriteArrayList<>();
    /** The same for the way of a frame, without an iterator. */
    private volatile SwitchPort[] everyPort = {};

    SwitchLink(String name) {
        this.name = name;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Port attach(Nic nic) {
        SwitchPort port = new SwitchPort(this, nic.pairs(), nic.vlan());
        ports.add(port);
        update();
        return port;
    }

    void detach(SwitchPort port) {
        ports.remove(port);
        update();
        stations.forget(port);
    }

    private synchronized void update() {
        everyPort = ports.toArray(SwitchPort[]::new);
    }

    MacTable stations() {
        return stations;
    }

    SwitchPort[] everyPort() {
        return everyPort;
    }

    @Override
    public void close() {
        // Nothing of the host is held.
    }
}
