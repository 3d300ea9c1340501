package dev.ringside.testing;

import dev.ringside.linux.LinuxException;
import dev.ringside.linux.Poll;
import dev.ringside.linux.UnixSocket;
import dev.ringside.testing.FakeDriver.Used;
import java.time.Duration;

/**
 * The IOMMU of a front-end, and the channel on which a back-end asks it. It maps every page of a guest's memory to
 * itself: buffers by their guest-physical addresses, rings by their user addresses.
 */
public final class FakeIommu implements AutoCloseable {
    public static final int PAGE = 4096;
    private static final Duration MOMENT = Duration.ofMillis(5);

    /** What the back-end wants to know. */
    public record Miss(long address, int access) {
        public long page() {
            return address & -PAGE;
        }
    }

    private final FakeFrontEnd frontEnd;
    private final FakeMemory memory;
    private final FakeFrontEnd channel;

    private FakeIommu(FakeFrontEnd frontEnd, FakeMemory memory, FakeFrontEnd channel) {
        this.frontEnd = frontEnd;
        this.memory = memory;
        this.channel = channel;
    }

    /** Negotiates as QEMU does for a device behind an IOMMU, and shares the memory. */
    public static FakeIommu before(FakeFrontEnd frontEnd, FakeMemory memory, boolean packed) {
        try {
            frontEnd.setProtocolFeatures(frontEnd.getProtocolFeatures());
            frontEnd.setOwner();
            UnixSocket[] pair = UnixSocket.pair();
            try (UnixSocket theirs = pair[1]) {
                frontEnd.setBackendReqFd(theirs.fd());
            }
            frontEnd.setFeatures(
                    frontEnd.getFeatures() & ~VhostUser.F_LOG_ALL & (packed ? -1 : ~VhostUser.F_RING_PACKED));
            frontEnd.setMemTable(memory);
            return new FakeIommu(frontEnd, memory, new FakeFrontEnd(pair[0]));
        } catch (LinuxException e) {
            throw new AssertionError(e);
        }
    }

    /** An IOTLB message's payload. */
    public static byte[] message(long address, long size, long userAddress, int access, int type) {
        return new Payload()
                .u64(address, size, userAddress)
                .bytes((byte) access, (byte) type)
                .zeroes(6)
                .done();
    }

    /** Waits for the back-end to ask. */
    public Miss awaitMiss() {
        FakeFrontEnd.Message message = channel.receive();
        byte[] payload = message.payload();
        if (message.request() != VhostUser.BACKEND_IOTLB_MSG
                || payload.length != 32
                || payload[25] != VhostUser.IOTLB_MISS) {
            throw new AssertionError("not an IOTLB miss: " + message);
        }
        return new Miss(Payload.value(payload, 0, Long.BYTES), payload[24]);
    }

    /** Whether the back-end asks within a moment. */
    public boolean isAsked() {
        return channel.hasMessageWithin(MOMENT);
    }

    /** Whether the back-end has asked. */
    public boolean isAskedAlready() {
        return channel.hasMessageWithin(Duration.ZERO);
    }

    /** Tells a translation. Returns the acknowledgement. */
    public long update(long address, long size, long userAddress, int access) {
        return frontEnd.acknowledged(
                VhostUser.IOTLB_MSG, message(address, size, userAddress, access, VhostUser.IOTLB_UPDATE));
    }

    /** Asks for an acknowledgement that is still to be {@link FakeFrontEnd#receive received}. */
    public void sendInvalidate(long address, long size) {
        frontEnd.sendNeedReply(VhostUser.IOTLB_MSG, message(address, size, 0, 0, VhostUser.IOTLB_INVALIDATE));
    }

    /** Takes a translation back, and fails unless that is acknowledged. */
    public void invalidate(long address, long size) {
        sendInvalidate(address, size);
        if (frontEnd.receive().u64() != 0) {
            throw new AssertionError("invalidation was refused");
        }
    }

    /** Where a page of the guest's lies in the front-end's space. */
    public long userAddress(long address) {
        return address >= FakeMemory.USER_ADDRESS ? address : memory.userAddress(address);
    }

    /** Tells the page that was asked for, with no permission but the one that was asked for. */
    public void answer(Miss miss) {
        if (update(miss.page(), PAGE, userAddress(miss.page()), miss.access()) != 0) {
            throw new AssertionError("update was refused");
        }
    }

    /** Answers all that is asked until a chain is used. */
    public Used awaitUsed(FakeVring vring) {
        long end = System.nanoTime() + FakeFrontEnd.DEADLINE.toNanos();
        while (System.nanoTime() < end) {
            Used used = vring.driver().takeUsed();
            if (used != null) {
                return used;
            }
            if (isAsked()) {
                answer(awaitMiss());
            } else {
                Poll.takeCount(vring.callFd());
            }
        }
        throw new AssertionError("no chain was used within " + FakeFrontEnd.DEADLINE);
    }

    /** Tells all of the memory at once. */
    public void updateAll() {
        for (FakeMemory.Region region : memory.regions()) {
            long size = region.mapping().size();
            long user = region.mapping().userAddress();
            if (update(region.mapping().guestAddress(), size, user, VhostUser.ACCESS_RW) != 0
                    || update(user, size, user, VhostUser.ACCESS_RW) != 0) {
                throw new AssertionError("update was refused");
            }
        }
    }

    @Override
    public void close() {
        channel.close();
    }
}
