package dev.ringside.queue;

import dev.ringside.fault.RingFault;
import dev.ringside.memory.GuestMemory;
import dev.ringside.memory.Iotlb;
import dev.ringside.memory.MemoryRegion;
import dev.ringside.memory.Misses;
import dev.ringside.memory.Place;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One part of a ring, to be found in guest memory.
 *
 * @param name for whoever reads the fault
 * @param address in the front-end's address space, or of a device behind an IOMMU, I/O virtual
 * @param bytes above 0
 * @param alignment a power of two, in bytes
 * @param access what the device does there
 */
record RingPart(String name, long address, long bytes, int alignment, int access) {
    /** The same part with what it is found at. */
    private record Found(MemoryRegion region, long offset) {}

    /**
     * The memory of the part, exactly.
     *
     * @throws RingFault if the part is misaligned, or not wholly inside one region
     */
    MemorySegment find(GuestMemory memory) throws RingFault {
        if (address % alignment != 0) {
            throw new RingFault(RingFault.Kind.MISALIGNED, "%s at %#x".formatted(name, address));
        }
        Found found = locate(memory);
        MemorySegment part = found.region.memory().asSlice(found.offset, bytes);
        if (part.address() % alignment != 0) {
            throw new RingFault(
                    RingFault.Kind.MISALIGNED, "%s in a region at %#x".formatted(name, found.region.userAddress()));
        }
        return part;
    }

    /** The guest-physical address of a part that {@link #find} finds. */
    long guestAddress(GuestMemory memory) throws RingFault {
        Found found = locate(memory);
        return found.region.guestAddress() + found.offset;
    }

    private Found locate(GuestMemory memory) throws RingFault {
        if (memory.iotlb() != null) {
            return locateTranslated(memory);
        }
        MemoryRegion region = memory.atUserAddress(address);
        if (region == null || region.size() - (address - region.userAddress()) < bytes) {
            throw outside();
        }
        return new Found(region, address - region.userAddress());
    }

    /** Pages that lie side by side for the driver have to do so in guest memory: a ring is one piece for us. */
    private Found locateTranslated(GuestMemory memory) throws RingFault {
        Place place = new Place();
        MemoryRegion region = null;
        long offset = 0;
        for (long done = 0; done < bytes; done += place.bytes()) {
            if (!memory.translate(address + done, access, place) || place.region() == null) {
                throw outside();
            }
            if (done == 0) {
                region = place.region();
                offset = place.offset();
            } else if (place.region() != region || place.offset() != offset + done) {
                throw new RingFault(
                        RingFault.Kind.OUTSIDE_MEMORY,
                        "%s of %d bytes at %#x is in several pieces".formatted(name, bytes, address));
            }
        }
        return new Found(Objects.requireNonNull(region), offset);
    }

    private RingFault outside() {
        return new RingFault(RingFault.Kind.OUTSIDE_MEMORY, "%s of %d bytes at %#x".formatted(name, bytes, address));
    }

    /** Asks for what is missing of a ring's translations. Returns what to wait for, {@code null} if nothing is missing. */
    static Iotlb.@Nullable Miss missing(List<RingPart> parts, GuestMemory memory) {
        Iotlb iotlb = memory.iotlb();
        if (iotlb == null) {
            return null;
        }
        Misses misses = new Misses(iotlb);
        for (RingPart part : parts) {
            part.addMissing(memory, misses);
        }
        return misses.last();
    }

    private void addMissing(GuestMemory memory, Misses misses) {
        if (misses.last() != null) {
            misses.lookAhead(address, bytes, access);
            return;
        }
        Place place = new Place();
        for (long done = 0; done < bytes; done += place.bytes()) {
            if (!memory.translate(address + done, access, place)) {
                misses.add(address + done, bytes - done, access);
                return;
            }
            if (place.region() == null) {
                return; // A fault, which find tells of.
            }
        }
    }

    /** Whether the part touches a range of addresses. */
    boolean touches(long first, long last) {
        return address <= last && first <= address + (bytes - 1);
    }
}
