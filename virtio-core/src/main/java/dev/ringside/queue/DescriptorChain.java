package dev.ringside.queue;

import dev.ringside.fault.ChainFault;
import dev.ringside.memory.GuestAccess;
import dev.ringside.memory.GuestMemory;
import dev.ringside.memory.MemoryRegion;
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

    /** What a pooled chain keeps for the next request. */
    private static final int KEPT_SEGMENTS = 16;

    private final int slot;
    private int head;
    private int readableSegments;
    private int segments;
    private long readableBytes;
    private long writableBytes;
    private boolean endsWritable;
    private MemorySegment[] memory = new MemorySegment[4];
    private long[] offset = new long[4];
    private long[] length = new long[4];

    /** @param slot a small number by which the chain's owner tells its chains apart */
    public DescriptorChain(int slot) {
        this.slot = slot;
    }

    /** The number that this object was made with. */
    public int slot() {
        return slot;
    }

    /** Index of the chain's first descriptor, by which the driver knows the request. */
    public int head() {
        return head;
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
        return memory[segment];
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
        readableSegments = 0;
        segments = 0;
        readableBytes = 0;
        writableBytes = 0;
        endsWritable = false;
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
            MemoryRegion region = guest.atGuestAddress(at);
            if (region == null) {
                return ChainFault.Kind.OUTSIDE_MEMORY;
            }
            if (segment == MAX_SEGMENTS) {
                return ChainFault.Kind.TOO_LONG;
            }
            long within = at - region.guestAddress();
            long piece = Math.min(rest, region.size() - within);
            if (segment == memory.length) {
                grow();
            }
            memory[segment] = region.memory();
            offset[segment] = within;
            length[segment] = piece;
            segment++;
            at += piece;
            rest -= piece;
        }
        segments = segment;
        if (writable) {
            writableBytes += bytes;
        } else {
            readableBytes += bytes;
            readableSegments = segment;
        }
        return null;
    }

    private void grow() {
        int capacity = memory.length * 4;
        memory = Arrays.copyOf(memory, capacity);
        offset = Arrays.copyOf(offset, capacity);
        length = Arrays.copyOf(length, capacity);
    }

    void end(boolean lastIsWritable) {
        endsWritable = lastIsWritable;
    }

    /** Forgets the buffers, so that a pooled chain keeps neither unmapped memory alive nor much of its own. */
    public void clear() {
        if (memory.length > KEPT_SEGMENTS) {
            memory = new MemorySegment[KEPT_SEGMENTS];
            offset = new long[KEPT_SEGMENTS];
            length = new long[KEPT_SEGMENTS];
        } else {
            Arrays.fill(memory, 0, segments, null);
        }
        begin(0);
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
            return GuestAccess.u64(memory[segment], offset[segment] + at);
        }
        long value = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            if (at == length[segment]) {
                at = 0;
                segment++;
            }
            value |= (memory[segment].get(ValueLayout.JAVA_BYTE, offset[segment] + at++) & 0xffL) << (8 * i);
        }
        return value;
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
            return GuestAccess.u16(memory[segment], offset[segment] + at);
        }
        int low = memory[segment].get(ValueLayout.JAVA_BYTE, offset[segment] + at) & 0xff;
        int high = memory[segment + 1].get(ValueLayout.JAVA_BYTE, offset[segment + 1]) & 0xff;
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
                MemorySegment.copy(other, otherOffset + done, memory[segment], offset[segment] + at, piece);
            } else {
                MemorySegment.copy(memory[segment], offset[segment] + at, other, otherOffset + done, piece);
            }
            done += piece;
            at = 0;
            segment++;
        }
    }

    /** Stores the last byte of the writable part; there must be one. */
    public void writeLast(int value) {
        int last = segments - 1;
        memory[last].set(ValueLayout.JAVA_BYTE, offset[last] + length[last] - 1, (byte) value);
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
            iovec.set(ValueLayout.JAVA_LONG, entry, memory[segment].address() + offset[segment] + at);
            iovec.set(ValueLayout.JAVA_LONG, entry + Long.BYTES, piece);
            count++;
            entry += IOVEC_BYTES;
            rest -= piece;
            at = 0;
        }
        return count;
    }
}
