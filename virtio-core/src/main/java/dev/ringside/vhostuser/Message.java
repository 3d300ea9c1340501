package dev.ringside.vhostuser;

import dev.ringside.linux.Fd;
import dev.ringside.queue.VringAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request of the front-end, decoded: of the right size, with the right number of descriptors, and nothing else is
 * known of it. The descriptors belong to the frame that the request came in.
 */
sealed interface Message {
    record GetFeatures() implements Message {}

    record SetFeatures(long features) implements Message {}

    record SetOwner() implements Message {}

    record ResetOwner() implements Message {}

    record SetMemTable(List<Region> regions) implements Message {}

    /**
     * "Log description".
     *
     * @param offset where in the file the log begins
     */
    record SetLogBase(long size, long offset, Fd fd) implements Message {}

    record SetLogFd(Fd fd) implements Message {}

    record SetVringNum(long index, long num) implements Message {}

    /**
     * "A vring address description".
     *
     * @param log whether writes to the used ring are to be logged (VHOST_VRING_F_LOG)
     * @param logAddress the guest address at which they are
     */
    record SetVringAddr(long index, VringAddress address, boolean log, long logAddress) implements Message {}

    record SetVringBase(long index, long base) implements Message {}

    record GetVringBase(long index) implements Message {}

    /** Without a descriptor the ring is to be polled. */
    record SetVringKick(long index, @Nullable Fd fd) implements Message {}

    /** Without a descriptor the driver polls and wants no calls. */
    record SetVringCall(long index, @Nullable Fd fd) implements Message {}

    record SetVringErr(long index, @Nullable Fd fd) implements Message {}

    record GetProtocolFeatures() implements Message {}

    record SetProtocolFeatures(long features) implements Message {}

    record GetQueueNum() implements Message {}

    record SendRarp(long mac) implements Message {}

    record NetSetMtu(long mtu) implements Message {}

    record SetVringEnable(long index, boolean enable) implements Message {}

    record SetBackendReqFd(Fd fd) implements Message {}

    /**
     * "An IOTLB message", of type UPDATE.
     *
     * @param access VHOST_ACCESS_RO, _WO or _RW
     */
    record IotlbUpdate(long address, long size, long userAddress, int access) implements Message {}

    /** The same of type INVALIDATE. */
    record IotlbInvalidate(long address, long size) implements Message {}

    record GetConfig(long offset, long size, long flags) implements Message {}

    record SetConfig(long offset, byte[] bytes) implements Message {}

    record GetInflightFd(Inflight area) implements Message {}

    record SetInflightFd(Inflight area, Fd fd) implements Message {}

    record ResetDevice() implements Message {}

    record GetMaxMemSlots() implements Message {}

    record AddMemReg(Region region) implements Message {}

    record RemMemReg(Region region) implements Message {}

    record SetStatus(long status) implements Message {}

    record GetStatus() implements Message {}

    /**
     * "Inflight description".
     *
     * @param offset where in the file the area begins
     * @param padded whether it came as a C structure with its padding, and has to be answered so
     */
    record Inflight(long size, long offset, int numQueues, int queueSize, boolean padded) {}

    /**
     * Memory region description.
     *
     * @param fd absent only where a region is removed
     */
    record Region(
            long guestAddress,
            long size,
            long userAddress,
            long mmapOffset,
            @Nullable Fd fd) {}
}
