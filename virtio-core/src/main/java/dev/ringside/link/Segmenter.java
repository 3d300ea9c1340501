package dev.ringside.link;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Cuts TCP into segments and UDP into datagrams, as a NIC with TSO or USO does; over IPv4 and IPv6. */
final class Segmenter {
    /** More than any real sender asks for, and a bound on the work that one frame can cause. */
    static final int MAX_PIECES = 2048;

    private static final int TCP_SEQUENCE = 4;
    private static final int TCP_OFFSET = 12;
    private static final int TCP_FLAGS = 13;
    private static final int TCP_BYTES = 20;
    private static final int FIN_PSH = 0x09;
    private static final int CWR = 0x80;
    private static final int UDP_LENGTH = 4;

    private final IpHeaders ip;
    private final MemorySegment headers;
    private final Frame out;

    Segmenter(IpHeaders ip, MemorySegment headers, Frame out) {
        this.ip = ip;
        this.headers = headers;
        this.out = out;
    }

    /** Cuts a frame whose headers have been parsed. Returns whether it is what its gso_type says. */
    boolean cut(Frame frame, int accepts, FrameSink sink) {
        NetHeader header = frame.header();
        int type = header.gsoType() & ~NetHeader.GSO_ECN;
        boolean tcp = type != NetHeader.GSO_UDP_L4;
        boolean matches = tcp
                ? ip.isV4() == (type == NetHeader.GSO_TCPV4) && header.csumOffset() == IpHeaders.TCP_CHECKSUM
                : header.csumOffset() == IpHeaders.UDP_CHECKSUM;
        int headersEnd = ip.transport() + (tcp ? tcpHeaderBytes() : IpHeaders.UDP_BYTES);
        int payload = frame.bytes() - headersEnd;
        if (!matches || headersEnd > ip.copied() || payload < 0 || payload > (long) header.gsoSize() * MAX_PIECES) {
            return false;
        }
        boolean valid = (accepts & Offload.CSUM) != 0;
        if (tcp) {
            cutTcp(frame, headersEnd, payload, valid, sink);
        } else {
            cutUdp(frame, headersEnd, payload, valid, sink);
        }
        return true;
    }

    /** From the header, at least its minimum; 1024 if that lies beyond what was copied. */
    private int tcpHeaderBytes() {
        int at = ip.transport() + TCP_OFFSET;
        if (at >= ip.copied()) {
            return 1024;
        }
        return Math.max(TCP_BYTES, (Byte.toUnsignedInt(headers.get(ValueLayout.JAVA_BYTE, at)) >>> 4) * 4);
    }

    private void cutTcp(Frame frame, int headersEnd, int payload, boolean valid, FrameSink sink) {
        int transport = ip.transport();
        long sequence = Checksum.u32(headers, transport + TCP_SEQUENCE);
        int flags = headers.get(ValueLayout.JAVA_BYTE, transport + TCP_FLAGS);
        int size = frame.header().gsoSize();
        int done = 0;
        int index = 0;
        do {
            int bytes = Math.min(size, payload - done);
            boolean last = done + bytes == payload;
            // FIN and PSH are the last segment's; CWR is the first's (RFC 3168 §6.1.2).
            int mine = flags & ~(last ? 0 : FIN_PSH) & ~(index == 0 ? 0 : CWR);
            headers.set(ValueLayout.JAVA_BYTE, transport + TCP_FLAGS, (byte) mine);
            Checksum.putU32(headers, transport + TCP_SEQUENCE, sequence + done);
            begin(frame, headersEnd, done, bytes, index);
            finish(IpHeaders.TCP, transport + IpHeaders.TCP_CHECKSUM, valid);
            sink.deliver(out);
            done += bytes;
            index++;
        } while (done < payload);
    }

    private void cutUdp(Frame frame, int headersEnd, int payload, boolean valid, FrameSink sink) {
        int transport = ip.transport();
        int size = frame.header().gsoSize();
        int done = 0;
        int index = 0;
        do {
            int bytes = Math.min(size, payload - done);
            Checksum.put(headers, transport + UDP_LENGTH, IpHeaders.UDP_BYTES + bytes);
            begin(frame, headersEnd, done, bytes, index);
            finish(IpHeaders.UDP, transport + IpHeaders.UDP_CHECKSUM, valid);
            sink.deliver(out);
            done += bytes;
            index++;
        } while (done < payload);
    }

    /** Puts headers and one piece of the payload together. */
    private void begin(Frame frame, int headersEnd, int from, int bytes, int index) {
        out.clear();
        out.add(headers, 0, headersEnd);
        if (bytes > 0) {
            out.addPartOf(frame, headersEnd + from, bytes);
        }
        ip.setLength(out.bytes() - ip.start(), index);
    }

    private void finish(int protocol, int checksumAt, boolean valid) {
        int transport = ip.transport();
        int length = out.bytes() - transport;
        Checksum.put(headers, checksumAt, 0);
        long sum = Checksum.add(ip.pseudoHeader(protocol, length), out, transport, length);
        int checksum = ~Checksum.fold(sum) & 0xffff;
        Checksum.put(headers, checksumAt, protocol == IpHeaders.UDP && checksum == 0 ? 0xffff : checksum);
        if (valid) {
            out.header().setDataValid();
        }
    }
}
