package dev.ringside.device;

import dev.ringside.fault.MessageFault;
import dev.ringside.loop.DeviceLoop;

/** What a front-end may ask of a network device besides. Called on the session's loop. */
public interface NetworkDevice extends VirtioDevice {
    /**
     * The host's MTU, as the front-end's user has set it (vhost-user, "NET_SET_MTU").
     *
     * @param mtu in bytes, from the front-end
     * @throws MessageFault if the device cannot have it
     */
    void mtu(long mtu) throws MessageFault;

    /**
     * Tells the network that a station is here now, after a migration, for a driver that does not do it by itself
     * (vhost-user, "SEND_RARP").
     *
     * @param mac the low 48 bits, first byte lowest; from the front-end
     * @param loop the session's
     */
    void announce(long mac, DeviceLoop loop);
}
