package dev.ringside.link;

import dev.ringside.linux.Fd;
import dev.ringside.loop.DeviceLoop;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A NIC's plug in a switch. */
final class SwitchPort implements Port {
    private final SwitchLink link;
    private final int vlan;
    private final ReceivingPort receiving;

    SwitchPort(SwitchLink link, int pairs, int vlan) {
        this.link = link;
        this.vlan = vlan;
        this.receiving = new ReceivingPort(pairs);
    }

    /** The VLAN that the port belongs to. */
    int vlan() {
        return vlan;
    }

    FrameQueue queueFor(Frame frame) {
        return receiving.queueFor(frame);
    }

    @Override
    public TxLane openTx(int pair, DeviceLoop loop, @Nullable Runnable roomAgain) {
        return new SwitchTxLane(link, this);
    }

    @Override
    public RxLane openRx(int pair, DeviceLoop loop, int accepts, RxBuffers buffers) {
        return receiving.open(pair, loop, accepts, buffers);
    }

    @Override
    public boolean isUp() {
        return true;
    }

    @Override
    public void onChange(Runnable listener) {
        // A switch is always there.
    }

    @Override
    public Counters counters() {
        return receiving.counters();
    }

    /** In another process there is another one like it. */
    @Override
    public List<Fd> share() {
        return List.of();
    }

    @Override
    public void close() {
        link.detach(this);
    }
}
