package dev.ringside.vfiouser;

import dev.ringside.linux.Fd;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * What a client asks for. Sizes have been checked; every value is the client's. Addresses and sizes are unsigned 64-bit
 * unless said otherwise.
 */
sealed interface Request {
    /** Negotiation. {@code capabilities} is JSON, or empty. */
    record Version(int major, int minor, String capabilities) implements Request {}

    /**
     * Guest memory appears at {@code address}; without a descriptor it can be reached by DMA_READ and DMA_WRITE only.
     *
     * @param fd borrowed from the message
     * @param offset of the memory in the descriptor's file
     */
    record DmaMap(
            long address,
            long size,
            long offset,
            boolean readable,
            boolean writable,
            @Nullable Fd fd) implements Request {}

    /** Guest memory disappears: what lies within the range, or everything. */
    record DmaUnmap(long argsz, long flags, long address, long size, boolean all) implements Request {}

    /** What kind of device it is. */
    record GetInfo() implements Request {}

    /** What region {@code index} is. */
    record GetRegionInfo(long index) implements Request {}

    /** The descriptors of a region whose accesses bypass the socket. */
    record GetRegionIoFds(long index) implements Request {}

    /** What interrupt {@code index} is. */
    record GetIrqInfo(long index) implements Request {}

    /**
     * Does something to interrupts {@code start} to {@code start + count - 1} of an index.
     *
     * @param flags VFIO_IRQ_SET_: one kind of data and one action
     * @param data what followed; the message's
     * @param fd borrowed from the message
     */
    record SetIrqs(
            long flags,
            long index,
            long start,
            long count,
            ByteBuf data,
            @Nullable Fd fd) implements Request {}

    /** Reads {@code count} bytes, at most {@link VfioUserFraming#MAX_DATA_BYTES}, of a region. */
    record RegionRead(long region, long offset, int count) implements Request {}

    /** Writes bytes of a region. {@code data} is the message's. */
    record RegionWrite(long region, long offset, ByteBuf data) implements Request {}

    /**
     * Several writes.
     *
     * @param writes the message's: {@code count} entries of {@link #ENTRY_BYTES}
     */
    record RegionWriteMulti(int count, ByteBuf writes) implements Request {
        /** u64 offset, u32 region, u32 count, u8 data[8]. */
        static final int ENTRY_BYTES = 24;

        static final int DATA_BYTES = 8;
    }

    /** Back to the state of power-on. */
    record Reset() implements Request {}

    /** A command that this server knows of and does not have. */
    record Unsupported(Command command) implements Request {}
}
