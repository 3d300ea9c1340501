package dev.ringside.link;

import java.util.concurrent.TimeUnit;

/** Takes frames from one queue pair into the switch, and to the ports that they are for. */
final class SwitchTxLane implements TxLane {
    private static final long GROUP = 1L << 40;
    private static final int SOURCE = 6;

    private final SwitchLink link;
    private final SwitchPort port;
    private final SoftwareOffload offload = new SoftwareOffload();
    /** In seconds; looked up once for each burst. */
    private int now;

    private boolean inBurst;

    SwitchTxLane(SwitchLink link, SwitchPort port) {
        this.link = link;
        this.port = port;
    }

    @Override
    public boolean send(Frame frame) {
        if (!inBurst) {
            inBurst = true;
            now = (int) TimeUnit.NANOSECONDS.toSeconds(System.nanoTime());
        }
        long source = frame.mac(SOURCE);
        long destination = frame.mac(0);
        if ((source & GROUP) != 0) {
            port.counters().dropSent(Drop.MALFORMED);
            return true;
        }
        link.stations().learn(MacTable.key(port.vlan(), source), port, now);
        SwitchPort target =
                (destination & GROUP) != 0 ? null : link.stations().find(MacTable.key(port.vlan(), destination), now);
        if (target == null) {
            flood(frame);
        } else if (!target.equals(port)) {
            deliver(frame, target);
        }
        return true;
    }

    private void flood(Frame frame) {
        for (SwitchPort each : link.everyPort()) {
            if (!each.equals(port) && each.vlan() == port.vlan()) {
                deliver(frame, each);
            }
        }
    }

    private void deliver(Frame frame, SwitchPort target) {
        FrameQueue queue = target.queueFor(frame);
        if (!offload.deliver(frame, queue.accepts(), queue)) {
            port.counters().dropSent(Drop.MALFORMED);
        }
    }

    @Override
    public void flush() {
        inBurst = false;
    }

    @Override
    public void close(Runnable released) {
        released.run();
    }
}
