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

    /** Where the fields are in {@link #first}, in bits; flags is the lowest. */
    private static final int GSO_TYPE_SHIFT = 8;

    private static final int HDR_LEN_SHIFT = 16;
    private static final int GSO_SIZE_SHIFT = 32;
    private static final int CSUM_START_SHIFT = 48;
    private static final long U8_MASK = 0xff;
    private static final int U16_MASK = 0xffff;
    /** flags and gso_type: if they are zero, nothing else means anything. */
    private static final int KIND_MASK = 0xffff;

    /** Where the others are in the structure, in bytes. */
    private static final int CSUM_OFFSET = 8;

    private static final int NUM_BUFFERS = 10;

    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final int CSUM_BYTES = 2;

    /** The structure's first eight bytes as they are, since most frames have nothing in them that anybody asks for. */
    private long first;

    private int csumOffset;

    public int flags() {
        return (int) (first & U8_MASK);
    }

    /** One of the {@code GSO_} types, perhaps with {@link #GSO_ECN}. */
    public int gsoType() {
        return (int) (first >>> GSO_TYPE_SHIFT & U8_MASK);
    }

    /** The sender's idea of the length of all protocol headers, in bytes: a hint only. */
    public int hdrLen() {
        return (int) (first >>> HDR_LEN_SHIFT) & U16_MASK;
    }

    /** Payload bytes of each segment to be cut. */
    public int gsoSize() {
        return (int) (first >>> GSO_SIZE_SHIFT) & U16_MASK;
    }

    /** Where to start checksumming, in bytes from the beginning of the frame. */
    public int csumStart() {
        return (int) (first >>> CSUM_START_SHIFT);
    }

    /** Where to store the checksum, in bytes from {@link #csumStart}. */
    public int csumOffset() {
        return csumOffset;
    }

    public boolean needsCsum() {
        return (first & F_NEEDS_CSUM) != 0;
    }

    /** Whether the frame is to be cut. */
    public boolean isGso() {
        return gsoType() != GSO_NONE;
    }

    /** Nothing is left to be done. */
    public void clear() {
        first = 0;
        csumOffset = 0;
    }

    public void copyFrom(NetHeader other) {
        first = other.first;
        csumOffset = other.csumOffset;
    }

    /**
     * Asks for a checksum.
     *
     * @param start below 2^16, as all lengths here
     */
    public void setCsum(int start, int offset) {
        setFlags(F_NEEDS_CSUM);
        first = (first & ~((long) U16_MASK << CSUM_START_SHIFT)) | (long) start << CSUM_START_SHIFT;
        csumOffset = offset;
    }

    /** Asks for cutting; a checksum is asked for by {@link #setCsum}. */
    public void setGso(int type, int size, int headerBytes) {
        long others = U8_MASK | (long) U16_MASK << CSUM_START_SHIFT;
        first = (first & others)
                | (long) type << GSO_TYPE_SHIFT
                | (long) headerBytes << HDR_LEN_SHIFT
                | (long) size << GSO_SIZE_SHIFT;
    }

    /** Says that the receiver need not verify the checksum. */
    public void setDataValid() {
        setFlags(F_DATA_VALID);
    }

    private void setFlags(int flags) {
        first = (first & ~U8_MASK) | flags;
    }

    /** Loads all fields, each once, from {@link #LEGACY_BYTES} little-endian bytes. */
    public void read(MemorySegment from, long offset) {
        set(from.get(U64, offset), Short.toUnsignedInt(from.get(U16, offset + CSUM_OFFSET)));
    }

    /**
     * Sets all fields.
     *
     * @param firstBytes the structure's first eight bytes, little-endian
     * @param lastOffset csum_offset, which follows them
     */
    public void set(long firstBytes, int lastOffset) {
        first = firstBytes;
        csumOffset = lastOffset;
    }

    /** The structure's first eight bytes, little-endian. */
    public long first() {
        return first;
    }

    /**
     * Stores all fields in {@link #BYTES} little-endian bytes.
     *
     * @param numBuffers the chains that the frame takes (§5.1.6.4)
     */
    public void write(MemorySegment to, long offset, int numBuffers) {
        to.set(U64, offset, first);
        to.set(U16, offset + CSUM_OFFSET, (short) csumOffset);
        to.set(U16, offset + NUM_BUFFERS, (short) numBuffers);
    }

    /** Mask of {@link Offload}: what a receiver has to accept to get the frame as it is. */
    public int needs() {
        if ((first & KIND_MASK) == 0) {
            return Offload.NONE;
        }
        int csum = needsCsum() ? Offload.CSUM : Offload.NONE;
        int gsoType = gsoType();
        if (gsoType == GSO_NONE) {
            return csum;
        }
        int ecn = (gsoType & GSO_ECN) != 0 ? Offload.ECN : Offload.NONE;
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
        setFlags(flags() & F_NEEDS_CSUM);
        if ((first & KIND_MASK) == 0) {
            return null;
        }
        if (needsCsum() && csumStart() + csumOffset + CSUM_BYTES > bytes) {
            return "csum_start %d and csum_offset %d in a frame of %d bytes".formatted(csumStart(), csumOffset, bytes);
        }
        return isGso() ? gsoFault(bytes) : null;
    }

    private @Nullable String gsoFault(int bytes) {
        int gsoType = gsoType();
        int kind = gsoType & ~GSO_ECN;
        switch (kind) {
            case GSO_TCPV4, GSO_TCPV6, GSO_UDP_L4, GSO_UDP -> {}
            default -> {
                return "gso_type %#x".formatted(gsoType);
            }
        }
        if ((gsoType & GSO_ECN) != 0 && kind != GSO_TCPV4 && kind != GSO_TCPV6) {
            return "gso_type %#x".formatted(gsoType);
        }
        if (gsoSize() == 0) {
            return "gso_size 0 with gso_type %#x".formatted(gsoType);
        }
        if (hdrLen() > bytes) {
            return "hdr_len %d in a frame of %d bytes".formatted(hdrLen(), bytes);
        }
        // §5.1.6.2.1: the driver sets NEEDS_CSUM with every gso_type; only UFO did without in older kernels.
        if (!needsCsum() && kind != GSO_UDP) {
            return "gso_type %#x without NEEDS_CSUM".formatted(gsoType);
        }
        return null;
    }
}
