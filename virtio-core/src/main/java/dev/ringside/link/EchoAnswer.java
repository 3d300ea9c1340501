package dev.ringside.link;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The answers of a host that has every address: to ARP requests (RFC 826), neighbour solicitations (RFC 4861) and echo
 * requests of ICMP and ICMPv6, also in fragments, each of which is sent back as it came. A frame becomes its answer
 * where it lies.
 */
final class EchoAnswer {
    /** Locally administered: 52:54:00:ec:80:01. */
    private static final long MAC = 0x5254_00ec_8001L;

    private static final int ETHERTYPE = 12;
    private static final int PAYLOAD = Frame.ETHERNET_BYTES;
    private static final int TYPE_IPV4 = 0x0800;
    private static final int TYPE_ARP = 0x0806;
    private static final int TYPE_IPV6 = 0x86dd;

    /** ARP for IPv4 over Ethernet: operation, sender and target, hardware and protocol addresses. */
    private static final int ARP_OPERATION = PAYLOAD + 6;

    private static final int ARP_SENDER_MAC = PAYLOAD + 8;
    private static final int ARP_SENDER_IP = PAYLOAD + 14;
    private static final int ARP_TARGET_MAC = PAYLOAD + 18;
    private static final int ARP_TARGET_IP = PAYLOAD + 24;
    private static final int ARP_END = PAYLOAD + 28;

    private static final int IPV4_FRAGMENT = PAYLOAD + 6;
    private static final int IPV4_PROTOCOL = PAYLOAD + 9;
    private static final int IPV4_SOURCE = PAYLOAD + 12;
    private static final int IPV4_DESTINATION = PAYLOAD + 16;
    private static final int IPV4_BYTES = 20;

    private static final int IPV6_NEXT = PAYLOAD + 6;
    private static final int IPV6_HOPS = PAYLOAD + 7;
    private static final int IPV6_SOURCE = PAYLOAD + 8;
    private static final int IPV6_DESTINATION = PAYLOAD + 24;
    private static final int IPV6_END = PAYLOAD + 40;
    private static final int FRAGMENT_HEADER = 44;

    private static final int ICMP = 1;
    private static final int ICMPV6 = 58;
    private static final int ECHO_REQUEST = 8;
    private static final int ECHO_REPLY = 0;
    private static final int ECHO_REQUEST6 = 128;
    private static final int ECHO_REPLY6 = 129;
    private static final int NEIGHBOUR_SOLICITATION = 135;
    private static final int NEIGHBOUR_ADVERTISEMENT = 136;

    private static final ValueLayout.OfShort BE16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfInt BE32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private final MemorySegment frame;

    /** @param frame where each frame is copied to, {@link Frame#MAX_BYTES} long: the sender can no longer change it */
    EchoAnswer(MemorySegment frame) {
        this.frame = frame;
    }

    /**
     * Makes an answer.
     *
     * @param bytes of the frame, at least {@link Frame#ETHERNET_BYTES}
     * @param partialCsum whether the transport checksum is still to be made, so that it needs no mending
     * @return bytes of the answer, or 0 for none
     */
    int answer(int bytes, boolean partialCsum) {
        return switch (u16(ETHERTYPE)) {
            case TYPE_ARP -> bytes < ARP_END ? 0 : arp();
            case TYPE_IPV4 -> bytes < PAYLOAD + IPV4_BYTES ? 0 : ipv4(bytes, partialCsum);
            case TYPE_IPV6 -> bytes < IPV6_END ? 0 : ipv6(bytes, partialCsum);
            default -> 0;
        };
    }

    private int arp() {
        long sender = u32(ARP_SENDER_IP);
        long target = u32(ARP_TARGET_IP);
        // Neither probes for a conflict nor announcements are questions to us (RFC 5227).
        if (u16(ARP_OPERATION) != 1 || sender == 0 || sender == target) {
            return 0;
        }
        frame.set(BE16, ARP_OPERATION, (short) 2);
        MemorySegment.copy(frame, ARP_SENDER_MAC, frame, ARP_TARGET_MAC, 6);
        putMac(ARP_SENDER_MAC);
        frame.set(BE32, ARP_TARGET_IP, (int) sender);
        frame.set(BE32, ARP_SENDER_IP, (int) target);
        turnRound();
        return ARP_END;
    }

    private int ipv4(int bytes, boolean partialCsum) {
        int icmp = PAYLOAD + (u8(PAYLOAD) & 0xf) * 4;
        if (u8(IPV4_PROTOCOL) != ICMP || icmp < PAYLOAD + IPV4_BYTES) {
            return 0;
        }
        boolean first = (u16(IPV4_FRAGMENT) & 0x1fff) == 0;
        if (first && (icmp + 8 > bytes || u8(icmp) != ECHO_REQUEST)) {
            return 0;
        }
        swap(IPV4_SOURCE, IPV4_DESTINATION, 4);
        if (first) {
            retype(icmp, ECHO_REQUEST, ECHO_REPLY, partialCsum);
        }
        turnRound();
        return bytes;
    }

    private int ipv6(int bytes, boolean partialCsum) {
        int next = u8(IPV6_NEXT);
        int icmp = IPV6_END;
        boolean first = true;
        if (next == FRAGMENT_HEADER && bytes >= IPV6_END + 8) {
            next = u8(IPV6_END);
            first = (u16(IPV6_END + 2) & 0xfff8) == 0;
            icmp += 8;
        }
        if (next != ICMPV6 || (first && icmp + 8 > bytes)) {
            return 0;
        }
        if (first && u8(icmp) == NEIGHBOUR_SOLICITATION) {
            return bytes < icmp + 32 ? 0 : neighbour();
        }
        if (first && u8(icmp) != ECHO_REQUEST6) {
            return 0;
        }
        swap(IPV6_SOURCE, IPV6_DESTINATION, 16);
        if (first) {
            retype(icmp, ECHO_REQUEST6, ECHO_REPLY6, partialCsum);
        }
        turnRound();
        return bytes;
    }

    /** Advertises our address for the target that was asked for: solicited, override, with the option that tells it. */
    private int neighbour() {
        int target = IPV6_END + 8;
        boolean duplicateDetection = u32(IPV6_SOURCE) == 0 && u32(IPV6_SOURCE + 12) == 0;
        if (duplicateDetection) {
            return 0;
        }
        MemorySegment.copy(frame, IPV6_SOURCE, frame, IPV6_DESTINATION, 16);
        MemorySegment.copy(frame, target, frame, IPV6_SOURCE, 16);
        frame.set(BE16, PAYLOAD + 4, (short) 32);
        frame.set(ValueLayout.JAVA_BYTE, IPV6_HOPS, (byte) 255);
        frame.set(BE16, IPV6_END, (short) (NEIGHBOUR_ADVERTISEMENT << 8));
        frame.set(BE16, IPV6_END + 2, (short) 0);
        frame.set(BE32, IPV6_END + 4, 0x6000_0000);
        frame.set(BE16, target + 16, (short) 0x0201);
        putMac(target + 18);
        long sum = Checksum.pseudoHeader6(frame, PAYLOAD, ICMPV6, 32);
        frame.set(BE16, IPV6_END + 2, (short) ~Checksum.fold(Checksum.add(sum, frame, IPV6_END, 32)));
        turnRound();
        return IPV6_END + 32;
    }

    /** Changes the type of an ICMP message, and its checksum by the difference (RFC 1624). */
    private void retype(int icmp, int from, int to, boolean partialCsum) {
        frame.set(ValueLayout.JAVA_BYTE, icmp, (byte) to);
        if (!partialCsum) {
            int old = u16(icmp + 2);
            int sum = (~old & 0xffff) + (~(from << 8) & 0xffff) + (to << 8);
            frame.set(BE16, icmp + 2, (short) ~Checksum.fold(sum));
        }
    }

    /** Back to where the frame came from. */
    private void turnRound() {
        MemorySegment.copy(frame, 6, frame, 0, 6);
        putMac(6);
    }

    private void putMac(int position) {
        frame.set(BE16, position, (short) (MAC >>> 32));
        frame.set(BE32, position + 2, (int) MAC);
    }

    private void swap(int one, int other, int bytes) {
        for (int i = 0; i < bytes; i++) {
            byte kept = frame.get(ValueLayout.JAVA_BYTE, one + i);
            frame.set(ValueLayout.JAVA_BYTE, one + i, frame.get(ValueLayout.JAVA_BYTE, other + i));
            frame.set(ValueLayout.JAVA_BYTE, other + i, kept);
        }
    }

    private int u8(int position) {
        return Byte.toUnsignedInt(frame.get(ValueLayout.JAVA_BYTE, position));
    }

    private int u16(int position) {
        return Short.toUnsignedInt(frame.get(BE16, position));
    }

    private long u32(int position) {
        return Integer.toUnsignedLong(frame.get(BE32, position));
    }
}
