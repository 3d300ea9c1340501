package dev.ringside.e1000;

import java.lang.foreign.MemorySegment;

/**
 * Verifies the checksums of received frames (§3.2.9): that of an IPv4 header, and that of TCP or UDP over IPv4 unless the
 * packet is a fragment. The result is status and error bits of a receive descriptor.
 */
final class ReceiveChecksum {
    /** Status: the checksums were not looked at. */
    static final int STATUS_IXSM = 1 << 2;
    /** Status: the checksum of TCP or UDP was verified. */
    static final int STATUS_TCPCS = 1 << 5;
    /** Status: the checksum of the IP header was verified. */
    static final int STATUS_IPCS = 1 << 6;
    /** Error: of TCP or UDP, it was wrong. */
    static final int ERROR_TCPE = 1 << 5;
    /** Error: of IP, it was wrong. */
    static final int ERROR_IPE = 1 << 6;

    private static final int PCSS = 0xff;
    private static final int IPOFL = 1 << 8;
    private static final int TUOFL = 1 << 9;

    private static final int ETHERTYPE_IPV4 = 0x0800;
    private static final int MIN_IP_BYTES = 20;
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int MIN_TCP_BYTES = 20;
    private static final int UDP_BYTES = 8;
    private static final int UDP_CHECKSUM = 6;
    /** More fragments, or an offset. */
    private static final int FRAGMENT = 0x3fff;

    private static final int GOOD = 0xffff;

    private final RegisterFile registers;
    private int status;
    private int errors;

    ReceiveChecksum(RegisterFile registers) {
        this.registers = registers;
    }

    /**
     * Looks at a frame.
     *
     * @param frame the card's own copy, from offset 0
     * @param bytes without FCS
     * @param typeOffset where the type of what follows stands; the packet begins behind it
     */
    void inspect(MemorySegment frame, int bytes, int typeOffset) {
        status = 0;
        errors = 0;
        int wanted = registers.get(Register.RXCSUM) & (IPOFL | TUOFL);
        if (wanted == 0) {
            status = STATUS_IXSM;
            return;
        }
        int ip = typeOffset + 2;
        if (bytes - ip < MIN_IP_BYTES || OnesComplement.u16(frame, typeOffset) != ETHERTYPE_IPV4) {
            return;
        }
        int version = OnesComplement.u8(frame, ip);
        int headerBytes = (version & 0xf) * 4;
        int total = OnesComplement.u16(frame, ip + 2);
        if (version >> 4 != 4 || headerBytes < MIN_IP_BYTES || total < headerBytes || total > bytes - ip) {
            return;
        }
        if ((wanted & IPOFL) != 0) {
            status |= STATUS_IPCS;
            if (OnesComplement.fold(OnesComplement.add(0, frame, ip, headerBytes)) != GOOD) {
                errors |= ERROR_IPE;
            }
        }
        boolean fragment = (OnesComplement.u16(frame, ip + 6) & FRAGMENT) != 0;
        if ((wanted & TUOFL) != 0 && !fragment) {
            inspectTransport(frame, ip, headerBytes, total - headerBytes);
        }
    }

    private void inspectTransport(MemorySegment frame, int ip, int headerBytes, int bytes) {
        int protocol = OnesComplement.u8(frame, ip + 9);
        int at = ip + headerBytes;
        boolean tcp = protocol == TCP && bytes >= MIN_TCP_BYTES;
        // A datagram whose checksum is 0 has none.
        boolean udp = protocol == UDP && bytes >= UDP_BYTES && OnesComplement.u16(frame, (long) at + UDP_CHECKSUM) != 0;
        if (!tcp && !udp) {
            return;
        }
        status |= STATUS_TCPCS;
        long sum = OnesComplement.add((long) protocol + bytes, frame, ip + 12L, 8);
        if (OnesComplement.fold(OnesComplement.add(sum, frame, at, bytes)) != GOOD) {
            errors |= ERROR_TCPE;
        }
    }

    /** Status bits for the descriptor. */
    int status() {
        return status;
    }

    /** Error bits for the descriptor. */
    int errors() {
        return errors;
    }

    /** The packet checksum of a frame: of everything behind the start that RXCSUM says. */
    int packetChecksum(MemorySegment frame, int bytes) {
        int start = Math.min(registers.get(Register.RXCSUM) & PCSS, bytes);
        return OnesComplement.fold(OnesComplement.add(0, frame, start, bytes - start));
    }
}
