package dev.ringside.memory;

import dev.ringside.fault.MessageFault;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * One generation of a device's memory table: regions, found by guest-physical or by front-end virtual address; and by
 * I/O virtual address, if the device is behind an IOMMU. Immutable apart from what the {@link Iotlb} learns, and
 * thread-safe. The regions belong to whoever made the table.
 */
public final class GuestMemory {
    /** A device that has no memory yet. */
    public static final GuestMemory EMPTY = new GuestMemory(List.of());

    private final List<MemoryRegion> regions;
    private final Index byGuestAddress;
    private final Index byUserAddress;
    private final @Nullable Iotlb iotlb;

    private GuestMemory(GuestMemory physical, Iotlb iotlb) {
        this.regions = physical.regions;
        this.byGuestAddress = physical.byGuestAddress;
        this.byUserAddress = physical.byUserAddress;
        this.iotlb = iotlb;
    }

    private GuestMemory(List<MemoryRegion> regions) {
        this.iotlb = null;
        this.regions = List.copyOf(regions);
        this.byGuestAddress = new Index(regions, MemoryRegion::guestAddress);
        this.byUserAddress = new Index(regions, MemoryRegion::userAddress);
    }

    /**
     * A table of these regions.
     *
     * @throws MessageFault if two of them overlap in either address space
     */
    public static GuestMemory of(List<MemoryRegion> regions) throws MessageFault {
        GuestMemory memory = new GuestMemory(regions);
        memory.byGuestAddress.checkDisjoint("guest");
        memory.byUserAddress.checkDisjoint("user");
        return memory;
    }

    /** The same memory as a device behind an IOMMU sees it: descriptors and vring addresses are I/O virtual. */
    public GuestMemory behind(Iotlb translations) {
        return new GuestMemory(this, translations);
    }

    /** Of a device behind an IOMMU, else {@code null}. */
    public @Nullable Iotlb iotlb() {
        return iotlb;
    }

    /**
     * Translates an I/O virtual address; only of memory {@link #behind} an IOMMU.
     *
     * @param address any {@code long} is allowed
     * @param access {@link Iotlb#READ}, {@link Iotlb#WRITE} or both
     * @param place filled if this returns {@code true}
     * @return whether there is a translation that allows the access
     */
    public boolean translate(long address, int access, Place place) {
        Iotlb.Entry entry = Objects.requireNonNull(iotlb).find(address, access);
        if (entry == null) {
            return false;
        }
        long user = entry.userAddress() + (address - entry.first());
        MemoryRegion region = atUserAddress(user);
        if (region == null) {
            place.set(null, 0, 0);
        } else {
            long offset = user - region.userAddress();
            place.set(region, offset, Math.min(entry.last() - address + 1, region.size() - offset));
        }
        return true;
    }

    /** The regions, in the order in which they were given. */
    public List<MemoryRegion> regions() {
        return regions;
    }

    /** The region that holds a guest-physical address, or {@code null}. Any {@code long} is allowed. */
    public @Nullable MemoryRegion atGuestAddress(long address) {
        return byGuestAddress.find(address);
    }

    /** The region that holds an address of the front-end's own space, or {@code null}. Any {@code long} is allowed. */
    public @Nullable MemoryRegion atUserAddress(long address) {
        return byUserAddress.find(address);
    }

    /** Regions sorted by one of their addresses; the addresses stand apart, for searches without indirection. */
    private static final class Index {
        private final MemoryRegion[] sorted;
        private final long[] starts;

        Index(List<MemoryRegion> regions, ToLongFunction<MemoryRegion> address) {
            List<MemoryRegion> ordered = new ArrayList<>(regions);
            ordered.sort(Comparator.comparingLong(address));
            sorted = ordered.toArray(MemoryRegion[]::new);
            starts = ordered.stream().mapToLong(address).toArray();
        }

        void checkDisjoint(String kind) throws MessageFault {
            for (int i = 1; i < sorted.length; i++) {
                if (starts[i] - starts[i - 1] < sorted[i - 1].size()) {
                    throw new MessageFault("memory regions overlap at %s address %#x".formatted(kind, starts[i]));
                }
            }
        }

        @Nullable
        MemoryRegion find(long address) {
            int low = 0;
            int high = starts.length - 1;
            while (low <= high) {
                int middle = (low + high) >>> 1;
                if (starts[middle] > address) {
                    high = middle - 1;
                } else if (address - starts[middle] >= sorted[middle].size()) {
                    low = middle + 1;
                } else {
                    return sorted[middle];
                }
            }
            return null;
        }
    }
}
