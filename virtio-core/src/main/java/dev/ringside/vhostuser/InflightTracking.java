package dev.ringside.vhostuser;

import dev.ringside.channel.Frame;
import dev.ringside.device.VirtioDevice;
import dev.ringside.fault.MessageFault;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where requests in flight are recorded, if the front-end wants that (vhost-user, "Inflight I/O tracking"). */
final class InflightTracking {
    private final VirtioDevice device;
    private final Negotiation negotiated;
    private @Nullable InflightArea area;

    InflightTracking(VirtioDevice device, Negotiation negotiated) {
        this.device = device;
        this.negotiated = negotiated;
    }

    /** GET_INFLIGHT_FD: an area for the front-end to keep, which comes back with SET_INFLIGHT_FD. */
    Reply create(Message.Inflight wanted) throws MessageFault {
        return InflightArea.create(wanted, negotiated.isPacked(), device.maxQueues());
    }

    /** SET_INFLIGHT_FD: queues that are started from here on go on from this area; none runs. */
    void use(Message.SetInflightFd set) throws MessageFault {
        InflightArea next = InflightArea.map(set.area(), set.fd(), negotiated.isPacked(), device.maxQueues());
        forget();
        area = next;
        byte[] state = next.state();
        if (state != null) {
            device.loadState(state);
        }
        keepState();
    }

    /** Where requests in flight are to be recorded now: a record of the other ring format would tell nothing. */
    @Nullable
    InflightArea active() {
        return area != null && area.isPacked() == negotiated.isPacked() ? area : null;
    }

    /** QEMU does not repeat the driver's settings to a back-end that comes back, so they are kept with its requests. */
    void keepState() {
        if (area != null) {
            area.keepState(device.saveState());
        }
    }

    /**
     * Whether a queue that is stopped by GET_VRING_BASE may leave requests in flight: the front-end takes the record of
     * them to wherever the queue goes on.
     */
    boolean mayLeave() {
        return negotiated.has(ProtocolFeature.GET_VRING_BASE_INFLIGHT) && active() != null;
    }

    /** A queue has been stopped by GET_VRING_BASE, which answers with this base. */
    void stopped(int queue, int base) {
        if (area != null) {
            area.stopped(queue, base);
        }
    }

    /** The message that brought the area. */
    List<Frame> retell() {
        return area == null ? List.of() : List.of(area.retell());
    }

    /** Unmaps the area; no queue runs. */
    void forget() {
        if (area != null) {
            area.close();
            area = null;
        }
    }
}
