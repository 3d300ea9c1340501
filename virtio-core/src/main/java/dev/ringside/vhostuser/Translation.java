package dev.ringside.vhostuser;

import dev.ringside.fault.MessageFault;
import dev.ringside.memory.GuestMemory;
import dev.ringside.memory.Iotlb;
import java.util.function.Consumer;

/** The memory table as vrings are to see it: through an IOMMU, if the device is behind one (vhost-user, "IOMMU support"). */
final class Translation {
    private final Negotiation negotiated;
    private final MemoryTable memoryTable;
    private final Iotlb iotlb;

    /** @param ask has the front-end asked for a translation; called on any thread */
    Translation(Negotiation negotiated, MemoryTable memoryTable, Consumer<Iotlb.Miss> ask) {
        this.negotiated = negotiated;
        this.memoryTable = memoryTable;
        this.iotlb = new Iotlb(ask);
    }

    /** The present generation. */
    GuestMemory memory() {
        GuestMemory memory = memoryTable.memory();
        return negotiated.translates() ? memory.behind(iotlb) : memory;
    }

    boolean isEmpty() {
        return memoryTable.isEmpty();
    }

    void update(Message.IotlbUpdate update) throws MessageFault {
        iotlb.update(update.address(), update.size(), update.userAddress(), update.access());
    }

    /** Where an invalidation begins. To forget more than was asked for is always right, so nothing here is refused. */
    long first(Message.IotlbInvalidate invalidate) {
        return isEverything(invalidate) ? 0 : invalidate.address();
    }

    /** Where it ends. */
    long last(Message.IotlbInvalidate invalidate) {
        return isEverything(invalidate) || invalidate.address() > Long.MAX_VALUE - invalidate.size()
                ? Long.MAX_VALUE
                : invalidate.address() + invalidate.size() - 1;
    }

    /** A size of 2^64, which QEMU takes for all that there is, comes as 0. */
    private static boolean isEverything(Message.IotlbInvalidate invalidate) {
        return invalidate.address() < 0 || invalidate.size() <= 0;
    }

    void invalidate(long first, long last) {
        iotlb.invalidate(first, last);
    }

    /** Forgets all translations. */
    void forget() {
        iotlb.clear();
    }
}
