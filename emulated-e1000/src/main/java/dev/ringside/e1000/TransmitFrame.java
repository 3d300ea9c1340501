package dev.ringside.e1000;

import dev.ringside.link.Frame;
import dev.ringside.link.NetHeader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Makes a frame for the link of what a driver has put together: its first bytes copied and completed, the rest as it lies,
 * and a header that says what is still to be done (virtio 1.2 §5.1.6.2).
 */
final class TransmitFrame {
    /** The longest frame that is not cut: what fits into the card's transmit memory (§3.3). */
    private static final int MAX_BYTES = 16288;

    private static final int MIN_BYTES = 60;
    private static final int ADDRESSES_BYTES = 12;
    private static final int VLAN_BYTES = 4;
    private static final int CHECKSUM_BYTES = 2;
    private static final int IP_LENGTH = 2;
    private static final int IP6_BYTES = 40;
    private static final int IP6_LENGTH = 4;
    private static final int UDP_LENGTH = 4;
    private static final int MAX_IP_BYTES = 65535;

    /** Every header byte that a context can name lies before this. */
    private static final int COPIED_BYTES = 512;

    private final MemorySegment scratch = Arena.ofAuto().allocate(Frame.MAX_BYTES + (long) MIN_BYTES, 64);
    private final Frame frame = new Frame();
    private int segments;
    private int segmentBytes;

    /** What is to be done to a frame by the card. */
    static final class Work {
        /** Cut it into segments. */
        boolean tse;
        /** Insert the IP checksum. */
        boolean ixsm;
        /** Insert the transport checksum. */
        boolean txsm;
        /** Insert a legacy checksum from {@link #css} at {@link #cso}. */
        boolean ic;

        int css;
        int cso;
        /** Insert a tag. */
        boolean vle;

        int tag;
        int etherType;
        /** The driver has appended the FCS. */
        boolean hasFcs;
        /** Pad a short frame. */
        boolean pad;
    }

    /** The frame made last. */
    Frame frame() {
        return frame;
    }

    /** How many frames it is going to be on the wire. */
    int segments() {
        return segments;
    }

    /** Bytes of each but the last on the wire, with FCS. */
    int segmentBytes() {
        return segmentBytes;
    }

    /**
     * Makes a frame.
     *
     * @param packet the driver's bytes, which may change meanwhile
     * @return whether it makes sense
     */
    boolean make(Frame packet, Work work, TransmitContext context) {
        frame.clear();
        int bytes = packet.bytes() - (work.hasFcs && !work.tse ? Statistics.FCS_BYTES : 0);
        if (bytes < Frame.ETHERNET_BYTES || bytes > (work.tse ? Frame.MAX_BYTES - VLAN_BYTES : MAX_BYTES)) {
            return false;
        }
        boolean softwareChecksum = work.txsm && !work.tse && endsEarly(context.tucse(), bytes);
        boolean wholeIpChecksum = work.ixsm && !endsEarly(context.ipcse(), COPIED_BYTES);
        int copied = softwareChecksum || wholeIpChecksum ? bytes : Math.min(bytes, COPIED_BYTES);
        packet.copyTo(0, scratch, VLAN_BYTES, copied);
        if (!(work.tse ? segment(bytes, work, context) : complete(bytes, copied, work, context, softwareChecksum))) {
            return false;
        }
        assemble(packet, bytes, copied, work);
        return true;
    }

    private static boolean endsEarly(int end, int bytes) {
        return end != 0 && end < bytes - 1;
    }

    /** The scratch memory leaves room for a tag before the frame; positions here count without it. */
    private static long at(int position) {
        return VLAN_BYTES + (long) position;
    }

    private boolean complete(int bytes, int copied, Work work, TransmitContext context, boolean softwareChecksum) {
        segments = 1;
        segmentBytes = bytes + Statistics.FCS_BYTES;
        if (work.ixsm) {
            insert(copied, context.ipcss(), context.ipcso(), context.ipcse());
        }
        if (softwareChecksum) {
            insert(copied, context.tucss(), context.tucso(), context.tucse());
        } else if (work.txsm) {
            leaveChecksum(bytes, context.tucss(), context.tucso(), work);
        } else if (work.ic) {
            leaveChecksum(bytes, work.css, work.cso, work);
        }
        return true;
    }

    /** Inserts a checksum into what was copied; one that makes no sense is left out, as by the card. */
    private void insert(int copied, int start, int position, int end) {
        int behind = end == 0 ? copied : Math.min(end + 1, copied);
        if (start < behind && position + CHECKSUM_BYTES <= copied) {
            long sum = OnesComplement.add(0, scratch, at(start), behind - start);
            OnesComplement.putU16(scratch, at(position), ~OnesComplement.fold(sum));
        }
    }

    private void leaveChecksum(int bytes, int start, int position, Work work) {
        int shift = work.vle ? VLAN_BYTES : 0;
        if (position >= start && position + CHECKSUM_BYTES <= bytes) {
            frame.header().setCsum(start + shift, position - start);
        }
    }

    /** Prepares a frame to be cut: lengths and checksums become those of the whole (§3.5.7). */
    private boolean segment(int bytes, Work work, TransmitContext context) {
        int headers = context.headerBytes();
        int ip = context.ipcss();
        int transport = context.tucss();
        int payload = bytes - headers;
        boolean plausible = context.mss() > 0
                && payload >= 0
                && ip >= Frame.ETHERNET_BYTES
                && transport > ip + IP6_LENGTH + 1
                && transport + 8 <= headers
                && context.tucso() >= transport
                && context.tucso() + CHECKSUM_BYTES <= headers
                && context.ipcso() + CHECKSUM_BYTES <= headers
                && bytes - ip <= MAX_IP_BYTES;
        if (!plausible) {
            return false;
        }
        if (context.isIpv4()) {
            OnesComplement.putU16(scratch, at(ip + IP_LENGTH), bytes - ip);
            if (work.ixsm) {
                OnesComplement.putU16(scratch, at(context.ipcso()), 0);
                insert(headers, ip, context.ipcso(), context.ipcse());
            }
        } else {
            OnesComplement.putU16(scratch, at(ip + IP6_LENGTH), Math.max(0, bytes - ip - IP6_BYTES));
        }
        int length = bytes - transport;
        if (!context.isTcp()) {
            OnesComplement.putU16(scratch, at(transport + UDP_LENGTH), length);
        }
        // The driver has put in the sum of the pseudo header without the length, which is different in each segment.
        int pseudo = OnesComplement.u16(scratch, at(context.tucso()));
        OnesComplement.putU16(scratch, at(context.tucso()), OnesComplement.fold((long) pseudo + length));
        NetHeader header = frame.header();
        leaveChecksum(bytes, transport, context.tucso(), work);
        segments = Math.max(1, (payload + context.mss() - 1) / context.mss());
        segmentBytes = headers + Math.min(payload, context.mss()) + Statistics.FCS_BYTES;
        if (segments > 1) {
            int shift = work.vle ? VLAN_BYTES : 0;
            header.setGso(gsoType(context), context.mss(), headers + shift);
        }
        return true;
    }

    private static int gsoType(TransmitContext context) {
        if (!context.isTcp()) {
            return NetHeader.GSO_UDP_L4;
        }
        return context.isIpv4() ? NetHeader.GSO_TCPV4 : NetHeader.GSO_TCPV6;
    }

    private void assemble(Frame packet, int bytes, int copied, Work work) {
        int start = VLAN_BYTES;
        if (work.vle) {
            MemorySegment.copy(scratch, VLAN_BYTES, scratch, 0, ADDRESSES_BYTES);
            OnesComplement.putU16(scratch, ADDRESSES_BYTES, work.etherType);
            OnesComplement.putU16(scratch, ADDRESSES_BYTES + CHECKSUM_BYTES, work.tag);
            start = 0;
            segmentBytes += VLAN_BYTES;
        }
        int head = VLAN_BYTES - start + copied;
        if (bytes > copied) {
            frame.add(scratch, start, head);
            frame.addPartOf(packet, copied, bytes - copied);
            return;
        }
        if (work.pad && head < MIN_BYTES) {
            scratch.asSlice(start + (long) head, MIN_BYTES - head).fill((byte) 0);
            segmentBytes += MIN_BYTES - head;
            head = MIN_BYTES;
        }
        frame.add(scratch, start, head);
    }

    /** The bytes on the wire, with FCS, of the last segment. */
    int lastSegmentBytes(TransmitContext context, int packetBytes) {
        int payload = packetBytes - context.headerBytes();
        return segmentBytes - (segments * context.mss() - payload);
    }
}
