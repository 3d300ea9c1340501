package dev.ringside.vhostuser;

import static dev.ringside.vhostuser.ProtocolFeature.VHOST_F_LOG_ALL;
import static dev.ringside.vhostuser.ProtocolFeature.VHOST_USER_F_PROTOCOL_FEATURES;

import dev.ringside.device.Feature;
import dev.ringside.device.NetworkDevice;
import dev.ringside.device.VirtioDevice;
import dev.ringside.fault.MessageFault;

/** Which features the two sides have agreed on (vhost-user, "Feature negotiation" and "Protocol features"). */
final class Negotiation {
    private final VirtioDevice device;

    private boolean owned;
    /** The front-end has made ready for translations as QEMU does. */
    private boolean mayTranslate;

    private long features;
    private long protocolFeatures;

    Negotiation(VirtioDevice device) {
        this.device = device;
    }

    /** SET_OWNER: the front-end has begun. */
    void own() {
        owned = true;
    }

    boolean isOwned() {
        return owned;
    }

    long offeredFeatures() {
        return device.features()
                | Feature.TRANSPORT
                | (owned && mayTranslate ? Feature.ACCESS_PLATFORM : 0)
                | VHOST_USER_F_PROTOCOL_FEATURES
                | VHOST_F_LOG_ALL;
    }

    long offeredProtocolFeatures() {
        long offered =
                ProtocolFeature.OFFERED | (device.completesOutOfOrder() ? ProtocolFeature.OFFERED_FOR_OUT_OF_ORDER : 0);
        if (!(device instanceof NetworkDevice)) {
            return offered;
        }
        // QEMU has no use for a NIC's config space, and warns its user when it is offered. It asks before SET_OWNER;
        // those that need the config space (User-Mode Linux, for one) ask after it.
        return (offered | ProtocolFeature.OFFERED_FOR_NET) & ~(owned ? 0 : ProtocolFeature.CONFIG);
    }

    void checkOffered(long wanted) throws MessageFault {
        if ((wanted & ~offeredFeatures()) != 0) {
            throw new MessageFault("features %#x were not offered".formatted(wanted & ~offeredFeatures()));
        }
    }

    /** Agrees on features that {@link #checkOffered} has found good. */
    void features(long negotiated) {
        features = negotiated;
    }

    long features() {
        return features;
    }

    void protocolFeatures(long wanted) throws MessageFault {
        if ((wanted & ~offeredProtocolFeatures()) != 0) {
            throw new MessageFault(
                    "protocol features %#x were not offered".formatted(wanted & ~offeredProtocolFeatures()));
        }
        protocolFeatures = wanted;
        // User-Mode Linux takes any feature that it is offered, and then knows nothing of translations. It has all it
        // wants of the protocol after SET_OWNER; QEMU, which does translate, before.
        mayTranslate = (mayTranslate || !owned) && has(ProtocolFeature.REPLY_ACK) && has(ProtocolFeature.BACKEND_REQ);
    }

    /** Whether {@link Feature#ACCESS_PLATFORM} may be agreed on. */
    boolean mayTranslate() {
        return mayTranslate;
    }

    /** Whether the device is behind an IOMMU. */
    boolean translates() {
        return Feature.has(features, Feature.ACCESS_PLATFORM);
    }

    long protocolFeatures() {
        return protocolFeatures;
    }

    /** Whether a protocol feature has been agreed on. */
    boolean has(long protocolFeature) {
        return Feature.has(protocolFeatures, protocolFeature);
    }

    /** Refuses a request that comes without its protocol feature. */
    void need(long protocolFeature, String request) throws MessageFault {
        if (!has(protocolFeature)) {
            throw new MessageFault(request + " without its protocol feature");
        }
    }

    /** Refuses a request that makes sense behind an IOMMU only. */
    void needTranslation(String request) throws MessageFault {
        if (!translates()) {
            throw new MessageFault(request + " without VIRTIO_F_ACCESS_PLATFORM");
        }
    }

    /** The rings' format. */
    boolean isPacked() {
        return Feature.has(features, Feature.RING_PACKED);
    }

    /** Whether what is written to the guest's memory is to be logged. */
    boolean logsAll() {
        return Feature.has(features, VHOST_F_LOG_ALL);
    }

    /** Whether the front-end enables vrings one by one; else they are enabled (vhost-user, "Ring states"). */
    boolean enablesVrings() {
        return Feature.has(features, VHOST_USER_F_PROTOCOL_FEATURES);
    }
}
