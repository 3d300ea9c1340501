package dev.ringside.queue;

import dev.ringside.fault.RingFault;
import dev.ringside.memory.GuestMemory;
import dev.ringside.memory.MemoryRegion;
import java.lang.foreign.MemorySegment;

/** Finds the parts of a ring in guest memory. */
final class RingArea {
    private RingArea() {}

    /**
     * The memory of one part, exactly.
     *
     * @param name for whoever reads the fault
     * @param address in the front-end's address space
     * @param alignment a power of two, in bytes
     * @throws RingFault if the part is misaligned, or not wholly inside one region
     */
    static MemorySegment find(GuestMemory memory, String name, long address, long bytes, int alignment)
            throws RingFault {
        if (address % alignment != 0) {
            throw new RingFault(RingFault.Kind.MISALIGNED, "%s at %#x".formatted(name, address));
        }
        MemoryRegion region = memory.atUserAddress(address);
        if (region == null || region.size() - (address - region.userAddress()) < bytes) {
            throw new RingFault(RingFault.Kind.OUTSIDE_MEMORY, "%s of %d bytes at %#x".formatted(name, bytes, address));
        }
        MemorySegment part = region.memory().asSlice(address - region.userAddress(), bytes);
        if (part.address() % alignment != 0) {
            throw new RingFault(
                    RingFault.Kind.MISALIGNED, "%s in a region at %#x".formatted(name, region.userAddress()));
        }
        return part;
    }
}
