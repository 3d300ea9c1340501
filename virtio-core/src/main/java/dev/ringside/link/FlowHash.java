package dev.ringside.link;

/**
 * A number that all frames of one flow share: from addresses, protocol and ports, or from addresses alone where the
 * ports are not in every frame of the flow (fragments). Frames of one flow go through one queue, so they keep their
 * order.
 */
final class FlowHash {
    private static final int TYPE_IPV4 = 0x0800;
    private static final int TYPE_IPV6 = 0x86dd;
    private static final int TYPE_VLAN = 0x8100;
    private static final int TYPE_SERVICE_VLAN = 0x88a8;
    private static final int MAX_TAGS = 2;

    private static final int TCP = 6;
    private static final int UDP = 17;

    private FlowHash() {}

    /** The hash of a frame, at least 0. Whatever its bytes say, nothing outside it is read. */
    static int of(Frame frame) {
        int type = 12;
        for (int tags = 0; tags < MAX_TAGS && type + 6 <= frame.bytes() && isTag(frame.u16(type)); tags++) {
            type += 4;
        }
        int ip = type + 2;
        long hash = 0;
        if (frame.u16(type) == TYPE_IPV4 && frame.bytes() >= ip + 20) {
            hash = ipv4(frame, ip);
        } else if (frame.u16(type) == TYPE_IPV6 && frame.bytes() >= ip + 40) {
            hash = ipv6(frame, ip);
        }
        return (int) ((hash * 0x9e37_79b9_7f4a_7c15L) >>> 33);
    }

    private static boolean isTag(int type) {
        return type == TYPE_VLAN || type == TYPE_SERVICE_VLAN;
    }

    private static long ipv4(Frame frame, int ip) {
        long hash = mix(frame.u32(ip + 12), frame.u32(ip + 16));
        int protocol = frame.u8(ip + 9);
        boolean fragment = (frame.u16(ip + 6) & 0x3fff) != 0;
        int transport = ip + (frame.u8(ip) & 0xf) * 4;
        return fragment ? hash : withPorts(hash, protocol, frame, transport);
    }

    private static long ipv6(Frame frame, int ip) {
        long hash = 0;
        for (int word = 0; word < 8; word++) {
            hash = mix(hash, frame.u32(ip + 8 + 4 * word));
        }
        return withPorts(hash, frame.u8(ip + 6), frame, ip + 40);
    }

    private static long withPorts(long hash, int protocol, Frame frame, int transport) {
        if ((protocol != TCP && protocol != UDP) || transport + 4 > frame.bytes()) {
            return hash;
        }
        return mix(hash, frame.u32(transport));
    }

    private static long mix(long hash, long word) {
        return (hash ^ word) * 0xff51_afd7_ed55_8ccdL;
    }
}
