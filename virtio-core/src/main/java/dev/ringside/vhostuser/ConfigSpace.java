package dev.ringside.vhostuser;

import dev.ringside.device.VirtioDevice;
import dev.ringside.fault.FaultLog;
import dev.ringside.fault.MessageFault;
import java.util.Arrays;

/** The device's config space, for front-ends that pass it on (vhost-user, "Virtio device config space"). */
final class ConfigSpace {
    /** VHOST_USER_MAX_CONFIG_SIZE. */
    private static final int MAX_BYTES = 256;

    private final VirtioDevice device;
    private final Negotiation negotiated;
    private final FaultLog faults;

    ConfigSpace(VirtioDevice device, Negotiation negotiated, FaultLog faults) {
        this.device = device;
        this.negotiated = negotiated;
        this.faults = faults;
    }

    /** Bytes beyond the device's config space read as zero: front-ends ask for as much as they know of. */
    Reply get(Message.GetConfig get) throws MessageFault {
        negotiated.need(ProtocolFeature.CONFIG, "GET_CONFIG");
        if (get.offset() + get.size() > MAX_BYTES) {
            faults.warn(device.name(), "refused GET_CONFIG of %d bytes at %d".formatted(get.size(), get.offset()));
            return new Reply.Config(get.offset(), get.flags(), new byte[0]);
        }
        byte[] all = Arrays.copyOf(device.config(), MAX_BYTES);
        return new Reply.Config(get.offset(), get.flags(), Arrays.copyOfRange(all, (int) get.offset(), (int)
                (get.offset() + get.size())));
    }

    void set(Message.SetConfig set) throws MessageFault {
        negotiated.need(ProtocolFeature.CONFIG, "SET_CONFIG");
        device.writeConfig((int) set.offset(), set.bytes(), negotiated.features());
    }
}
