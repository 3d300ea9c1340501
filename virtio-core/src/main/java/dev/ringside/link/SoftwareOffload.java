package dev.ringside.link;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Does to a frame what its receiver would have to do and cannot. Headers are copied once and rewritten in memory of our
 * own, so that the sender cannot change what has been checked; payload stays where it is. Used by one thread.
 */
final class SoftwareOffload {
    /** Enough for every header that is understood: Ethernet, tags, IP with options or extensions, TCP with options. */
    static final int HEADERS_BYTES = 512;

    private final MemorySegment headers = Arena.ofAuto().allocate(HEADERS_BYTES, 8);
    private final Frame out = new Frame();
    private final IpHeaders ip = new IpHeaders(headers);
    private final Segmenter segmenter = new Segmenter(ip, headers, out);
    private final Fragmenter fragmenter = new Fragmenter(ip, headers, out);

    /**
     * Hands a frame on in a form that its receiver accepts: as it is, checksummed, or cut.
     *
     * @param frame with a header that has been checked
     * @param accepts mask of {@link Offload}
     * @return whether that was possible; if not, the frame contradicts its header and nothing has been handed on
     */
    boolean deliver(Frame frame, int accepts, FrameSink sink) {
        NetHeader header = frame.header();
        int missing = header.needs() & ~accepts;
        if (missing == 0) {
            sink.deliver(frame);
            return true;
        }
        boolean done;
        if (!header.isGso()) {
            done = checksum(frame, accepts, sink);
        } else if (!ip.parse(frame)) {
            done = false;
        } else if (header.gsoType() == NetHeader.GSO_UDP) {
            done = fragmenter.cut(frame, accepts, sink);
        } else {
            done = segmenter.cut(frame, accepts, sink);
        }
        return done;
    }

    /** Makes the checksum as the header asks for, whatever the protocol (virtio 1.2 §5.1.6.2). */
    private boolean checksum(Frame frame, int accepts, FrameSink sink) {
        int start = frame.header().csumStart();
        int at = start + frame.header().csumOffset();
        int copied = at + Short.BYTES;
        if (copied > HEADERS_BYTES) {
            return false;
        }
        frame.copyTo(0, headers, 0, copied);
        out.clear();
        out.add(headers, 0, copied);
        if (copied < frame.bytes()) {
            out.addPartOf(frame, copied, frame.bytes() - copied);
        }
        // What stands in the field is the pseudo-header's part of the sum.
        int sum = ~Checksum.fold(Checksum.add(0, out, start, frame.bytes() - start)) & 0xffff;
        boolean udp = frame.header().csumOffset() == IpHeaders.UDP_CHECKSUM;
        Checksum.put(headers, at, udp && sum == 0 ? 0xffff : sum);
        if ((accepts & Offload.CSUM) != 0) {
            out.header().setDataValid();
        }
        sink.deliver(out);
        return true;
    }
}
