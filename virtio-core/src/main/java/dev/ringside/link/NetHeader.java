package dev.ringside.link;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * The fields of struct virtio_net_hdr (virtio 1.2 §5.1.6): what is still to be done to a frame. A value that is
 * refilled for each frame; its fields come from a guest or from the kernel, and mean something only after {@link
 * #fault}.
 */
public final class NetHeader {
    /** le16 num_buffers included; legacy devices without MRG_RXBUF leave it out (§5.1.6.1). */
    public static final int BYTES = 12;

    public static final int LEGACY_BYTES = 10;

    /** The checksum from {@link #csumStart} on is to be stored at {@code csumStart + csumOffset}. */
    public static final int F_NEEDS_CSUM = 1;
    /** Towards the driver: the checksum has been verified. */
    public static final int F_DATA_VALID = 2;

    public static final int GSO_NONE = 0;
    public static final int GSO_TCPV4 = 1;
    public static final int GSO_UDP = 3;
    public static final int GSO_TCPV6 = 4;
    public static final int GSO_UDP_L4 = 5;
    public static final int GSO_ECN = 0x80;

    private static final int GSO_TYPE = 1;
    private static final int HDR_LEN = 2;
    private static final int GSO_SIZE = 4;
    private static final int CSUM_START = 6;
    private static final int CSUM_OFFSET = 8;
    private static final int NUM_BUFFERS = 10;

    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final int CSUM_BYTES = 2;

    private int flags;
    private int gsoType;
    private int hdrLen;
    private int gsoSize;
    private int csumStart;
    private int csumOffset;

    public int flags() {
        return flags;
    }

    /** One of the {@code GSO_} types, perhaps with {@link #GSO_ECN}. */
    public int gsoType() {
        return gsoType;
    }

    /** The sender's idea of the length of all protocol headers, in bytes: a hint only. */
    public int hdrLen() {
        return hdrLen;
    }

    /** Payload bytes of each segment to be cut. */
    public int gsoSize() {
        return gsoSize;
    }

    /** Where to start checksumming, in bytes from the beginning of the frame. */
    public int csumStart() {
        return csumStart;
    }

    /** Where to store the checksum, in bytes from {@link #csumStart}. */
    public int csumOffset() {
        return csumOffset;
    }

    public boolean needsCsum() {
        return (flags & F_NEEDS_CSUM) != 0;
    }

    /** Whether the frame is to be cut. */
    public boolean isGso() {
        return gsoType != GSO_NONE;
    }

    /** Nothing is left to be done. */
    public void clear() {
        flags = 0;
        gsoType = GSO_NONE;
        hdrLen = 0;
        gsoSize = 0;
        csumStart = 0;
        csumOffset = 0;
    }

    public void copyFrom(NetHeader other) {
        flags = other.flags;
        gsoType = other.gsoType;
        hdrLen = other.hdrLen;
        gsoSize = other.gsoSize;
        csumStart = other.csumStart;
        csumOffset = other.csumOffset;
    }

    /** Asks for a checksum. */
    public void setCsum(int start, int offset) {
        flags = F_NEEDS_CSUM;
        csumStart = start;
        csumOffset = offset;
    }

    /** Asks for cutting; a checksum is asked for by {@link #setCsum}. */
    public void setGso(int type, int size, int headerBytes) {
        gsoType = type;
        gsoSize = size;
        hdrLen = headerBytes;
    }

    /** Says that the receiver need not verify the checksum. */
    public void setDataValid() {
        flags = F_DATA_VALID;
    }

    /** Loads all fields, each once, from {@link #LEGACY_BYTES} little-endian bytes. */
    public void read(MemorySegment from, long offset) {
        set(from.get(U64, offset), Short.toUnsignedInt(from.get(U16, offset + CSUM_OFFSET)));
    }

    /**
     * Sets all fields.
     *
     * @param first the structure's first eight bytes, little-endian
     * @param lastOffset csum_offset, which follows them
     */
    public void set(long first, int lastOffset) {
        flags = (int) first & 0xff;
        gsoType = (int) (first >>> (8 * GSO_TYPE)) & 0xff;
        hdrLen = (int) (first >>> (8 * HDR_LEN)) & 0xffff;
        gsoSize = (int) (first >>> (8 * GSO_SIZE)) & 0xffff;
        csumStart = (int) (first >>> (8 * CSUM_START)) & 0xffff;
        csumOffset = lastOffset;
    }

    /** The structure's first eight bytes, little-endian. */
    public long first() {
        return flags
                | ((long) gsoType << (8 * GSO_TYPE))
                | ((long) hdrLen << (8 * HDR_LEN))
                | ((long) gsoSize << (8 * GSO_SIZE))
                | ((long) csumStart << (8 * CSUM_START));
    }

    /**
     * Stores all fields in {@link #BYTES} little-endian bytes.
     *
     * @param numBuffers the chains that the frame takes (§5.1.6.4)
     */
    public void write(MemorySegment to, long offset, int numBuffers) {
        to.set(U64, offset, first());
        to.set(U16, offset + CSUM_OFFSET, (short) csumOffset);
        to.set(U16, offset + NUM_BUFFERS, (short) numBuffers);
    }

    /** Mask of {@link Offload}: what a receiver has to accept to get the frame as it is. */
    public int needs() {
        if (gsoType == GSO_NONE) {
            return flags & F_NEEDS_CSUM;
        }
        int ecn = (gsoType & GSO_ECN) != 0 ? Offload.ECN : 0;
        int csum = flags & F_NEEDS_CSUM;
        return csum
                | ecn
                | switch (gsoType & ~GSO_ECN) {
                    case GSO_TCPV4 -> Offload.TSO4;
                    case GSO_TCPV6 -> Offload.TSO6;
                    case GSO_UDP -> Offload.UFO;
                    default -> Offload.USO;
                };
    }

    /**
     * Checks what a sender has put in, once, before anything is done with it: values of flags that mean nothing here
     * are taken out.
     *
     * @param bytes of the frame
     * @return what is wrong, for the log, or {@code null}
     */
    public @Nullable String fault(int bytes) {
        flags &= F_NEEDS_CSUM;
        if (flags != 0 && csumStart + csumOffset + CSUM_BYTES > bytes) {
            return "csum_start %d and csum_offset %d in a frame of %d bytes".formatted(csumStart, csumOffset, bytes);
        }
        if (gsoType == GSO_NONE) {
            return null;
        }
        switch (gsoType & ~GSO_ECN) {
            case GSO_TCPV4, GSO_TCPV6, GSO_UDP_L4, GSO_UDP -> {}
            default -> {
                return "gso_type %#x".formatted(gsoType);
            }
        }
        if ((gsoType & GSO_ECN) != 0 && (gsoType & ~GSO_ECN) != GSO_TCPV4 && (gsoType & ~GSO_ECN) != GSO_TCPV6) {
            return "gso_type %#x".formatted(gsoType);
        }
        if (gsoSize == 0) {
            return "gso_size 0 with gso_type %#x".formatted(gsoType);
        }
        if (hdrLen > bytes) {
            return "hdr_len %d in a frame of %d bytes".formatted(hdrLen, bytes);
        }
        // §5.1.6.2.1: the driver sets NEEDS_CSUM with every gso_type; only UFO did without in older kernels.
        if (flags == 0 && (gsoType & ~GSO_ECN) != GSO_UDP) {
            return "gso_type %#x without NEEDS_CSUM".formatted(gsoType);
        }
        return null;
    }
}
