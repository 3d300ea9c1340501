package dev.ringside.link;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Fragments a UDP datagram, as a NIC with UFO does: IP fragments of one datagram, whose checksum covers all of it. */
final class Fragmenter {
    private static final int FRAGMENT_HEADER = 44;
    private static final int FRAGMENT_BYTES = 8;
    private static final int IPV6_NEXT = 6;
    private static final int MORE_FRAGMENTS6 = 1;

    private final IpHeaders ip;
    private final MemorySegment headers;
    private final Frame out;
    /** Of IPv6 fragments, whose header the sender leaves to us. */
    private int identification;

    Fragmenter(IpHeaders ip, MemorySegment headers, Frame out) {
        this.ip = ip;
        this.headers = headers;
        this.out = out;
    }

    /** Cuts a frame whose headers have been parsed. Returns whether it is what its gso_type says. */
    boolean cut(Frame frame, int accepts, FrameSink sink) {
        int transport = ip.transport();
        int payload = frame.bytes() - transport;
        // Fragments but the last have a multiple of eight bytes (RFC 791).
        int size = frame.header().gsoSize() & ~7;
        if (ip.protocol() != IpHeaders.UDP || size == 0 || payload > (long) size * Segmenter.MAX_PIECES) {
            return false;
        }
        if (transport + IpHeaders.UDP_BYTES + FRAGMENT_BYTES > SoftwareOffload.HEADERS_BYTES || size < FRAGMENT_BYTES) {
            return false;
        }
        // One fragment of a frame that is as long as frames may be, and the fragment header besides.
        if (!ip.isV4() && transport + FRAGMENT_BYTES + Math.min(size, payload) > Frame.MAX_BYTES) {
            return false;
        }
        if (frame.header().needsCsum()) {
            finishChecksum(frame, transport, payload);
        }
        long udp = headers.get(ValueLayout.JAVA_LONG_UNALIGNED, transport);
        int extra = ip.isV4() ? 0 : insertFragmentHeader(transport);
        identification++;
        int done = 0;
        do {
            int bytes = Math.min(size, payload - done);
            boolean more = done + bytes < payload;
            fragment(frame, transport, extra, done, bytes, more, udp);
            sink.deliver(out);
            done += bytes;
        } while (done < payload);
        return true;
    }

    private void finishChecksum(Frame frame, int transport, int payload) {
        int at = transport + IpHeaders.UDP_CHECKSUM;
        Checksum.put(headers, at, 0);
        out.clear();
        out.add(headers, 0, transport + IpHeaders.UDP_BYTES);
        if (payload > IpHeaders.UDP_BYTES) {
            out.addPartOf(frame, transport + IpHeaders.UDP_BYTES, payload - IpHeaders.UDP_BYTES);
        }
        long sum = Checksum.add(ip.pseudoHeader(IpHeaders.UDP, payload), out, transport, payload);
        int checksum = ~Checksum.fold(sum) & 0xffff;
        Checksum.put(headers, at, checksum == 0 ? 0xffff : checksum);
    }

    /** Returns how many bytes the header takes that now stands before the transport header's place. */
    private int insertFragmentHeader(int transport) {
        headers.set(ValueLayout.JAVA_BYTE, ip.start() + IPV6_NEXT, (byte) FRAGMENT_HEADER);
        Checksum.put(headers, transport, IpHeaders.UDP << 8);
        return FRAGMENT_BYTES;
    }

    private void fragment(Frame frame, int transport, int extra, int done, int bytes, boolean more, long udp) {
        int headersEnd = transport + extra;
        if (extra > 0) {
            Checksum.put(headers, transport + 2, done | (more ? MORE_FRAGMENTS6 : 0));
            Checksum.putU32(headers, transport + 4, identification);
        }
        out.clear();
        if (done == 0) {
            headers.set(ValueLayout.JAVA_LONG_UNALIGNED, headersEnd, udp);
            out.add(headers, 0, headersEnd + IpHeaders.UDP_BYTES);
            if (bytes > IpHeaders.UDP_BYTES) {
                out.addPartOf(frame, transport + IpHeaders.UDP_BYTES, bytes - IpHeaders.UDP_BYTES);
            }
        } else {
            out.add(headers, 0, headersEnd);
            out.addPartOf(frame, transport + done, bytes);
        }
        if (extra > 0) {
            ip.setLength(out.bytes() - ip.start(), 0);
        } else {
            ip.setFragment(out.bytes() - ip.start(), done, more);
        }
    }
}
