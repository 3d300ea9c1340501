package dev.ringside.queue;

import dev.ringside.fault.ChainFault;
import dev.ringside.memory.DirtyLog;
import dev.ringside.memory.GuestAccess;
import dev.ringside.memory.GuestMemory;
import dev.ringside.memory.Iotlb;
import dev.ringside.memory.MemoryRegion;
import dev.ringside.memory.Place;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The buffers of one request: first what the device may read, then what it may write (virtio 1.2 §2.7.4.2). Meant to be
 * pooled and refilled. Holds translated places, not descriptors: the guest can change the latter at any time, and that
 * no longer matters here. Positions count bytes from the beginning of the readable or of the writable part, across all
 * segments, so that a device need not care how the driver laid its request out (§2.7.4.1).
 */
public final class DescriptorChain {
    /** Bytes of one struct iovec. */
    public static final int IOVEC_BYTES = 16;

    /** A bound on what one chain costs: a descriptor may need one segment for each region that it touches. */
    static final int MAX_SEGMENTS = DescriptorWalk.MAX_CHAIN + 64;

    /**
     * Translations that one chain may take, behind an IOMMU: as many 4-KiB pages as are in twice the largest request that a
     * driver is told to make. Pages that lie side by side are one segment, however many; and a front-end may tell of pages of
     * a byte each.
     */
    static final int MAX_TRANSLATIONS = 1 << 14;

    /** What a pooled chain keeps for the next request: enough for most, and little for one that is rarely so long. */
    private static final int KEPT_SEGMENTS = 64;

    /** Results of {@link #appendTranslated}, beside addresses, which are not negative. */
    static final long APPENDED = -1;

    static final long OUTSIDE = -2;
    static final long TOO_MANY = -3;

    private final int slot;
    private int head;
    /** Of a packed ring, that the chain takes; 0 if it is not known where the chain ends. */
    private int entries;
    /** Where it is recorded as in flight, if it is. */
    private int record;

    private int readableSegments;
    private int segments;
    private long readableBytes;
    private long writableBytes;
    private boolean endsWritable;
    /** How much of the writable part was written for certain; and whether its last byte was. */
    private long wrote;

    private boolean wroteLast;
    private MemoryRegion[] region = new MemoryRegion[4];
    private long[] offset = new long[4];
    private long[] length = new long[4];
    /** I/O virtual addresses of the segments, if the device is behind an IOMMU; made when first needed. */
    private long @Nullable [] ioAddress;

    private @Nullable Place place;
    private int translations;

    /** @param slot a small number by which the chain's owner tells its chains apart */
    public DescriptorChain(int slot) {
        this.slot = slot;
    }

    /** The number that this object was made with. */
    public int slot() {
        return slot;
    }

    /**
     * By which the driver knows the request: index of the chain's first descriptor in a split ring, the buffer's id in a
     * packed one, which may be any 16 bits.
     */
    public int head() {
        return head;
    }

    /** How many entries of a packed ring the chain takes; 0 if it is not known where it ends. */
    int entries() {
        return entries;
    }

    /** Bytes that the device may read. */
    public long readableBytes() {
        return readableBytes;
    }

    /** Bytes that the device may write. */
    public long writableBytes() {
        return writableBytes;
    }

    /** Segments of both parts; those of the readable part come first. */
    public int segments() {
        return segments;
    }

    /** Segments of the readable part. */
    public int readableSegments() {
        return readableSegments;
    }

    /** The memory that a segment lies in. */
    public MemorySegment memory(int segment) {
        return region[segment].memory();
    }

    /** Where in its memory a segment begins, in bytes. */
    public long offset(int segment) {
        return offset[segment];
    }

    /** Length of a segment, in bytes. */
    public long length(int segment) {
        return length[segment];
    }

    /**
     * Whether the chain was followed to its last descriptor and that one is writable memory: then the last writable
     * byte is the driver's last byte even if the chain is faulty elsewhere.
     */
    public boolean endsWritable() {
        return endsWritable;
    }

    void begin(int head) {
        this.head = head;
        entries = 0;
        readableSegments = 0;
        segments = 0;
        translations = 0;
        readableBytes = 0;
        writableBytes = 0;
        endsWritable = false;
        wrote = 0;
        wroteLast = false;
    }

    int record() {
        return record;
    }

    void record(int head) {
        record = head;
    }

    /** A chain of a packed ring has been read to its end. */
    void identify(int id, int ringEntries) {
        head = id;
        entries = ringEntries;
    }

    /**
     * Appends a buffer, in as many segments as it touches regions.
     *
     * @param address guest-physical, from the guest
     * @param bytes above 0, from the guest
     * @return {@code null}, or the rule that is broken; nothing is appended then
     */
    ChainFault.@Nullable Kind append(GuestMemory guest, long address, long bytes, boolean writable) {
        int segment = segments;
        for (long at = address, rest = bytes; rest > 0; ) {
            MemoryRegion found = guest.atGuestAddress(at);
            if (found == null) {
                return ChainFault.Kind.OUTSIDE_MEMORY;
            }
            if (segment == MAX_SEGMENTS) {
                return ChainFault.Kind.TOO_LONG;
            }
            long within = at - found.guestAddress();
            long piece = Math.min(rest, found.size() - within);
            if (segment == region.length) {
                grow();
            }
            region[segment] = found;
            offset[segment] = within;
            length[segment] = piece;
            segment++;
            at += piece;
            rest -= piece;
        }
        appended(segment, bytes, writable);
        return null;
    }

    /** The same for a buffer of which it is known that it lies in one region. */
    ChainFault.@Nullable Kind append(MemoryRegion only, long address, long bytes, boolean writable) {
        int segment = segments;
        if (segment == MAX_SEGMENTS) {
            return ChainFault.Kind.TOO_LONG;
        }
        if (segment == region.length) {
            grow();
        }
        if (region[segment] != only) {
            region[segment] = only;
        }
        offset[segment] = address - only.guestAddress();
        length[segment] = bytes;
        appended(segment + 1, bytes, writable);
        return null;
    }

    /** Counts a buffer, whose segments end before this one. */
    private void appended(int end, long bytes, boolean writable) {
        segments = end;
        if (writable) {
            writableBytes += bytes;
        } else {
            readableBytes += bytes;
            readableSegments = end;
        }
    }

    /**
     * The same for a buffer at an I/O virtual address.
     *
     * @return {@link #APPENDED}; or, and nothing is appended then, {@link #OUTSIDE}, {@link #TOO_MANY}, or the first
     *     address whose translation is missing
     */
    long appendTranslated(GuestMemory guest, long address, long bytes, boolean writable) {
        Place found = place();
        int segment = segments;
        for (long at = address, rest = bytes; rest > 0; ) {
            if (!guest.translate(at, writable ? Iotlb.WRITE : Iotlb.READ, found)) {
                return at;
            }
            MemoryRegion in = found.region();
            if (in == null) {
                return OUTSIDE;
            }
            if (translations == MAX_TRANSLATIONS) {
                return TOO_MANY;
            }
            translations++;
            long piece = Math.min(rest, found.bytes());
            // Pages that lie side by side are one segment, as they would be without an IOMMU.
            if (segment > segments
                    && region[segment - 1] == in
                    && offset[segment - 1] + length[segment - 1] == found.offset()) {
                length[segment - 1] += piece;
            } else {
                if (segment == MAX_SEGMENTS) {
                    return TOO_MANY;
                }
                if (segment == region.length) {
                    grow();
                }
                region[segment] = in;
                offset[segment] = found.offset();
                length[segment] = piece;
                ioAddresses()[segment] = at;
                segment++;
            }
            at += piece;
            rest -= piece;
        }
        appended(segment, bytes, writable);
        return APPENDED;
    }

    private Place place() {
        if (place == null) {
            place = new Place();
        }
        return place;
    }

    /** With room for as many segments as the other arrays. */
    private long[] ioAddresses() {
        if (ioAddress == null) {
            ioAddress = new long[region.length];
        } else if (ioAddress.length < region.length) {
            ioAddress = Arrays.copyOf(ioAddress, region.length);
        }
        return ioAddress;
    }

    /** Whether a buffer touches a range of I/O virtual addresses; {@code false} without an IOMMU. */
    public boolean touches(long first, long last) {
        long[] ioAddresses = ioAddress;
        for (int i = 0; ioAddresses != null && i < segments; i++) {
            if (ioAddresses[i] <= last && first <= ioAddresses[i] + (length[i] - 1)) {
                return true;
            }
        }
        return false;
    }

    private void grow() {
        int capacity = region.length * 4;
        region = Arrays.copyOf(region, capacity);
        offset = Arrays.copyOf(offset, capacity);
        length = Arrays.copyOf(length, capacity);
    }

    void end(boolean lastIsWritable) {
        endsWritable = lastIsWritable;
    }

    /**
     * Forgets the buffers if they were many, so that a pooled chain does not keep much memory. Few are left until the chain
     * is filled again: what they lie in is unmapped by its owner, not by the collector.
     */
    public void trim() {
        if (region.length > KEPT_SEGMENTS) {
            region = new MemoryRegion[KEPT_SEGMENTS];
            offset = new long[KEPT_SEGMENTS];
            length = new long[KEPT_SEGMENTS];
            ioAddress = null;
            begin(0);
        }
    }

    /**
     * Little-endian 64-bit value in the readable part, loaded once.
     *
     * @param position at most {@code readableBytes() - 8}
     */
    public long readU64(long position) {
        int segment = 0;
        long at = position;
        while (at >= length[segment]) {
            at -= length[segment++];
        }
        if (length[segment] - at >= Long.BYTES) {
            return GuestAccess.u64(region[segment].memory(), offset[segment] + at);
        }
        long value = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            if (at == length[segment]) {
                at = 0;
                segment++;
            }
            value |= (region[segment].memory().get(ValueLayout.JAVA_BYTE, offset[segment] + at++) & 0xffL) << (8 * i);
        }
        return value;
    }

    /**
     * A byte of the readable part.
     *
     * @param position below {@link #readableBytes()}
     */
    public int readU8(long position) {
        int segment = 0;
        long at = position;
        while (at >= length[segment]) {
            at -= length[segment++];
        }
        return GuestAccess.u8(region[segment].memory(), offset[segment] + at);
    }

    /**
     * Little-endian 16-bit value in the readable part, loaded once.
     *
     * @param position at most {@code readableBytes() - 2}
     */
    public int readU16(long position) {
        int segment = 0;
        long at = position;
        while (at >= length[segment]) {
            at -= length[segment++];
        }
        if (length[segment] - at >= Short.BYTES) {
            return GuestAccess.u16(region[segment].memory(), offset[segment] + at);
        }
        int low = region[segment].memory().get(ValueLayout.JAVA_BYTE, offset[segment] + at) & 0xff;
        int high = region[segment + 1].memory().get(ValueLayout.JAVA_BYTE, offset[segment + 1]) & 0xff;
        return low | (high << 8);
    }

    /**
     * Copies out of the readable part.
     *
     * @param position first byte; {@code position + bytes} is at most {@link #readableBytes()}
     */
    public void read(long position, MemorySegment to, long toOffset, long bytes) {
        copy(0, position, to, toOffset, bytes, false);
    }

    /**
     * Copies into the writable part.
     *
     * @param position first byte; {@code position + bytes} is at most {@link #writableBytes()}
     */
    public void write(long position, MemorySegment from, long fromOffset, long bytes) {
        copy(readableSegments, position, from, fromOffset, bytes, true);
        wrote(position + bytes);
    }

    /**
     * Remembers that the writable part has been written from its beginning, or may have been: whatever is not written
     * through this object, by the kernel for one, and not counted when the chain is pushed.
     *
     * @param bytes at most {@link #writableBytes()}
     */
    public void wrote(long bytes) {
        wrote = Math.max(wrote, bytes);
    }

    /**
     * Marks in a log what has been written: what this object knows of, and what the chain is pushed with.
     *
     * @param written bytes from the beginning of the writable part
     */
    public void markWritten(DirtyLog log, long written) {
        long rest = Math.min(Math.max(wrote, written), writableBytes);
        for (int i = readableSegments; i < segments && rest > 0; i++) {
            long piece = Math.min(rest, length[i]);
            log.mark(region[i].guestAddress() + offset[i], piece);
            rest -= piece;
        }
        if (wroteLast) {
            int last = segments - 1;
            log.mark(region[last].guestAddress() + offset[last] + length[last] - 1, 1);
        }
    }

    private void copy(
            int segment, long position, MemorySegment other, long otherOffset, long bytes, boolean intoGuest) {
        long at = position;
        while (bytes > 0 && at >= length[segment]) {
            at -= length[segment++];
        }
        for (long done = 0; done < bytes; ) {
            long piece = Math.min(bytes - done, length[segment] - at);
            if (intoGuest) {
                MemorySegment.copy(other, otherOffset + done, region[segment].memory(), offset[segment] + at, piece);
            } else {
                MemorySegment.copy(region[segment].memory(), offset[segment] + at, other, otherOffset + done, piece);
            }
            done += piece;
            at = 0;
            segment++;
        }
    }

    /** Stores the last byte of the writable part; there must be one. */
    public void writeLast(int value) {
        int last = segments - 1;
        region[last].memory().set(ValueLayout.JAVA_BYTE, offset[last] + length[last] - 1, (byte) value);
        wroteLast = true;
    }

    /** Fills {@code iovec} from the readable part; parameters and result as for {@link #writableIovec}. */
    public int readableIovec(long position, long bytes, MemorySegment iovec) {
        return iovec(0, position, bytes, iovec);
    }

    /**
     * Describes a range of the writable part as struct iovec.
     *
     * @param position first byte; {@code position + bytes} is at most {@link #writableBytes()}
     * @param bytes above 0
     * @param iovec filled until it or the range ends
     * @return how many entries were filled
     */
    public int writableIovec(long position, long bytes, MemorySegment iovec) {
        return iovec(readableSegments, position, bytes, iovec);
    }

    private int iovec(int segment, long position, long bytes, MemorySegment iovec) {
        long at = position;
        while (at >= length[segment]) {
            at -= length[segment++];
        }
        int count = 0;
        long entry = 0;
        for (long rest = bytes; rest > 0 && entry < iovec.byteSize(); segment++) {
            long piece = Math.min(rest, length[segment] - at);
            iovec.set(ValueLayout.JAVA_LONG, entry, region[segment].memory().address() + offset[segment] + at);
            iovec.set(ValueLayout.JAVA_LONG, entry + Long.BYTES, piece);
            count++;
            entry += IOVEC_BYTES;
            rest -= piece;
            at = 0;
        }
        return count;
    }
}
