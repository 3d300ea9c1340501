package dev.ringside.net;

import dev.ringside.device.Feature;
import dev.ringside.link.NetHeader;
import dev.ringside.link.Offload;

/** Feature bits of virtio-net (virtio 1.2 §5.1.3), as masks; those that are implemented. */
final class NetFeature {
    static final long CSUM = 1L << 0;
    static final long GUEST_CSUM = 1L << 1;
    static final long MTU = 1L << 3;
    static final long MAC = 1L << 5;
    /** All of the HOST_ ones in one, for old drivers (§5.1.3.2). */
    static final long GSO = 1L << 6;

    static final long GUEST_TSO4 = 1L << 7;
    static final long GUEST_TSO6 = 1L << 8;
    static final long GUEST_ECN = 1L << 9;
    static final long GUEST_UFO = 1L << 10;
    static final long HOST_TSO4 = 1L << 11;
    static final long HOST_TSO6 = 1L << 12;
    static final long HOST_ECN = 1L << 13;
    static final long HOST_UFO = 1L << 14;
    static final long MRG_RXBUF = 1L << 15;
    static final long STATUS = 1L << 16;
    static final long CTRL_VQ = 1L << 17;
    static final long CTRL_RX = 1L << 18;
    static final long CTRL_VLAN = 1L << 19;
    static final long GUEST_ANNOUNCE = 1L << 21;
    static final long MQ = 1L << 22;
    static final long CTRL_MAC_ADDR = 1L << 23;
    static final long GUEST_USO4 = 1L << 54;
    static final long GUEST_USO6 = 1L << 55;
    static final long HOST_USO = 1L << 56;
    static final long SPEED_DUPLEX = 1L << 63;

    static final long OFFLOADS = CSUM
            | GUEST_CSUM
            | GSO
            | GUEST_TSO4
            | GUEST_TSO6
            | GUEST_ECN
            | GUEST_UFO
            | HOST_TSO4
            | HOST_TSO6
            | HOST_ECN
            | HOST_UFO
            | GUEST_USO4
            | GUEST_USO6
            | HOST_USO;

    private NetFeature() {}

    /** What a driver takes in frames that it receives, as a mask of {@link Offload}. */
    static int guestOffloads(long features) {
        if (!Feature.has(features, GUEST_CSUM)) {
            return Offload.NONE;
        }
        boolean uso = Feature.has(features, GUEST_USO4) && Feature.has(features, GUEST_USO6);
        return Offload.CSUM
                | offload(features, GUEST_TSO4, Offload.TSO4)
                | offload(features, GUEST_TSO6, Offload.TSO6)
                | offload(features, GUEST_ECN, Offload.ECN)
                | offload(features, GUEST_UFO, Offload.UFO)
                | (uso ? Offload.USO : 0);
    }

    /** What a driver may leave undone in frames that it sends, as a mask of {@link Offload}. */
    static int hostOffloads(long features) {
        if (!Feature.has(features, CSUM)) {
            return Offload.NONE;
        }
        return Offload.CSUM
                | offload(features, HOST_TSO4 | GSO, Offload.TSO4)
                | offload(features, HOST_TSO6 | GSO, Offload.TSO6)
                | offload(features, HOST_ECN | GSO, Offload.ECN)
                | offload(features, HOST_UFO, Offload.UFO)
                | offload(features, HOST_USO, Offload.USO);
    }

    private static int offload(long features, long either, int offload) {
        return Feature.has(features, either) ? offload : 0;
    }

    /** Bytes of the header before each frame: num_buffers is missing in legacy devices without MRG_RXBUF (§5.1.6.1). */
    static int headerBytes(long features) {
        return Feature.has(features, Feature.VERSION_1 | MRG_RXBUF) ? NetHeader.BYTES : NetHeader.LEGACY_BYTES;
    }
}
