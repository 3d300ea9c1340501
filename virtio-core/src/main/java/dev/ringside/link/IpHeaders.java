package dev.ringside.link;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Where the headers of a frame stand that is to be cut, found in a copy of its beginning. The transport header begins
 * where the sender says (csum_start) or, if it does not say, right behind the IP header.
 */
final class IpHeaders {
    static final int TCP = 6;
    static final int UDP = 17;
    static final int UDP_BYTES = 8;
    static final int UDP_CHECKSUM = 6;
    static final int TCP_CHECKSUM = 16;

    private static final int ETHERTYPE = 12;
    private static final int TAG_BYTES = 4;
    private static final int MAX_TAGS = 2;
    private static final int TYPE_IPV4 = 0x0800;
    private static final int TYPE_IPV6 = 0x86dd;
    private static final int TYPE_VLAN = 0x8100;
    private static final int TYPE_SERVICE_VLAN = 0x88a8;

    private static final int IPV4_BYTES = 20;
    private static final int IPV4_TOTAL_LENGTH = 2;
    private static final int IPV4_IDENTIFICATION = 4;
    private static final int IPV4_FRAGMENT = 6;
    private static final int IPV4_CHECKSUM = 10;
    private static final int IPV6_BYTES = 40;
    private static final int IPV6_PAYLOAD_LENGTH = 4;
    private static final int IPV6_NEXT = 6;

    private static final int MORE_FRAGMENTS = 0x2000;

    private final MemorySegment headers;
    private int copied;
    private int start;
    private int headerBytes;
    private int transport;
    private boolean v4;
    private int identification;

    /** @param headers where a frame's beginning is copied to, {@link SoftwareOffload#HEADERS_BYTES} long */
    IpHeaders(MemorySegment headers) {
        this.headers = headers;
    }

    /** Copies a frame's beginning and finds its headers. Returns whether it is IP with a transport header within. */
    boolean parse(Frame frame) {
        copied = Math.min(frame.bytes(), SoftwareOffload.HEADERS_BYTES);
        frame.copyTo(0, headers, 0, copied);
        int type = ETHERTYPE;
        for (int tags = 0; tags < MAX_TAGS && isTag(Checksum.u16(headers, type)); tags++) {
            type += TAG_BYTES;
        }
        start = type + Short.BYTES;
        v4 = Checksum.u16(headers, type) == TYPE_IPV4;
        if (!v4 && Checksum.u16(headers, type) != TYPE_IPV6) {
            return false;
        }
        if (start + (v4 ? IPV4_BYTES : IPV6_BYTES) > copied) {
            return false;
        }
        int first = Byte.toUnsignedInt(headers.get(ValueLayout.JAVA_BYTE, start));
        headerBytes = v4 ? (first & 0xf) * 4 : IPV6_BYTES;
        if (first >>> 4 != (v4 ? 4 : 6) || headerBytes < IPV4_BYTES) {
            return false;
        }
        identification = Checksum.u16(headers, start + IPV4_IDENTIFICATION);
        // A fragment cannot be cut: its offset would have to differ in every piece.
        if (v4 && (Checksum.u16(headers, start + IPV4_FRAGMENT) & 0x3fff) != 0) {
            return false;
        }
        transport = frame.header().needsCsum() ? frame.header().csumStart() : start + headerBytes;
        return transport >= start + headerBytes && transport + UDP_BYTES <= copied;
    }

    private static boolean isTag(int type) {
        return type == TYPE_VLAN || type == TYPE_SERVICE_VLAN;
    }

    boolean isV4() {
        return v4;
    }

    /** Bytes that were copied. */
    int copied() {
        return copied;
    }

    /** Where the IP header begins. */
    int start() {
        return start;
    }

    /** Where the transport header begins. */
    int transport() {
        return transport;
    }

    /** Protocol or next header, as the IP header has it. */
    int protocol() {
        return Byte.toUnsignedInt(headers.get(ValueLayout.JAVA_BYTE, start + (v4 ? 9 : IPV6_NEXT)));
    }

    /**
     * Makes the IP header that of one piece.
     *
     * @param ipBytes of the piece, from the IP header on
     * @param index of the piece: segments count their identification up (RFC 6864), fragments do not
     */
    void setLength(int ipBytes, int index) {
        if (v4) {
            Checksum.put(headers, start + IPV4_TOTAL_LENGTH, ipBytes);
            Checksum.put(headers, start + IPV4_IDENTIFICATION, identification + index);
            setChecksum();
        } else {
            Checksum.put(headers, start + IPV6_PAYLOAD_LENGTH, ipBytes - IPV6_BYTES);
        }
    }

    /**
     * Makes the IPv4 header that of one fragment.
     *
     * @param offset of the fragment's payload in the datagram, in bytes, a multiple of 8
     */
    void setFragment(int ipBytes, int offset, boolean more) {
        Checksum.put(headers, start + IPV4_FRAGMENT, (offset / 8) | (more ? MORE_FRAGMENTS : 0));
        setLength(ipBytes, 0);
    }

    private void setChecksum() {
        Checksum.put(headers, start + IPV4_CHECKSUM, 0);
        Checksum.put(headers, start + IPV4_CHECKSUM, ~Checksum.fold(Checksum.add(0, headers, start, headerBytes)));
    }

    /**
     * The sum of the pseudo-header.
     *
     * @param length of transport header and payload, in bytes
     */
    long pseudoHeader(int protocol, int length) {
        return v4
                ? Checksum.pseudoHeader4(headers, start, protocol, length)
                : Checksum.pseudoHeader6(headers, start, protocol, length);
    }
}
