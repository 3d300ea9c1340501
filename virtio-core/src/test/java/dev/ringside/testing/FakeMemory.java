package dev.ringside.testing;

import dev.ringside.fault.MessageFault;
import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.MemFd;
import dev.ringside.memory.GuestMemory;
import dev.ringside.memory.MemoryRegion;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A guest's memory: memfds, mapped here as the driver sees them and ready to be shared with a device. Addresses are
 * guest-physical unless they are called user addresses. Regions are handed out piece by piece.
 */
public final class FakeMemory implements AutoCloseable {
    /** Where the first region usually begins; neither is 0, and they differ, so that a mix-up is noticed. */
    public static final long GUEST_ADDRESS = 0x10_0000;

    public static final long USER_ADDRESS = 0x7f00_0000_0000L;

    /** Of the memfds, in /proc/self/maps and /proc/self/fd. */
    public static final String NAME = "fake-guest-memory";

    /**
     * One region and its file.
     *
     * @param fd the memfd
     * @param mapping as the driver sees it
     * @param mmapOffset where in the memfd the region begins
     */
    public record Region(Fd fd, MemoryRegion mapping, long mmapOffset) {
        /** Cuts the file, with all mappings of it, or lets it grow again. */
        public void truncate(long size) {
            try {
                HostFile.truncate(fd, size);
            } catch (LinuxException e) {
                throw new AssertionError(e);
            }
        }
    }

    private final List<Region> regions = new ArrayList<>();
    private final Map<Integer, Long> allocated = new HashMap<>();
    private int allocatingFrom;

    /** One region of a size at the usual addresses. */
    public static FakeMemory of(long size) {
        return new FakeMemory().region(GUEST_ADDRESS, USER_ADDRESS, size);
    }

    /** One more region, with a file of its own. */
    public FakeMemory region(long guestAddress, long userAddress, long size) {
        return region(guestAddress, userAddress, size, 0);
    }

    /** One more region, that begins somewhere in its file. */
    public FakeMemory region(long guestAddress, long userAddress, long size, long mmapOffset) {
        try {
            Fd fd = MemFd.create(NAME, mmapOffset + size);
            regions.add(new Region(fd, MemoryRegion.map(fd, guestAddress, userAddress, size, mmapOffset), mmapOffset));
            return this;
        } catch (LinuxException | MessageFault e) {
            throw new AssertionError(e);
        }
    }

    /** The regions, in the order in which they were made. */
    public List<Region> regions() {
        return List.copyOf(regions);
    }

    /** The same memory as a device sees it. */
    public GuestMemory memory() {
        try {
            return GuestMemory.of(regions.stream().map(Region::mapping).toList());
        } catch (MessageFault e) {
            throw new AssertionError(e);
        }
    }

    /** From now on pieces are handed out of this region, from its beginning. */
    public void allocateFrom(int region) {
        allocatingFrom = region;
        allocated.put(region, 0L);
    }

    /**
     * Hands out a piece of memory, of the first region unless another was chosen, that nobody else gets.
     *
     * @param alignment a power of two
     * @return its address
     */
    public long allocate(long bytes, int alignment) {
        return allocate(allocatingFrom, bytes, alignment);
    }

    /** The same, of a certain region. */
    long allocate(int region, long bytes, int alignment) {
        MemoryRegion mapping = regions.get(region).mapping();
        long at = (allocated.getOrDefault(region, 0L) + alignment - 1) & -alignment;
        if (at + bytes > mapping.size()) {
            throw new AssertionError("the guest has no %d bytes left".formatted(bytes));
        }
        allocated.put(region, at + bytes);
        return mapping.guestAddress() + at;
    }

    /** The address of the same byte in the front-end's address space. */
    public long userAddress(long address) {
        MemoryRegion region = regionOf(address);
        return region.userAddress() + address - region.guestAddress();
    }

    /** The bytes at a user address, within one region. */
    public MemorySegment atUser(long userAddress, long bytes) {
        for (Region region : regions) {
            MemoryRegion mapping = region.mapping();
            if (userAddress >= mapping.userAddress() && userAddress - mapping.userAddress() < mapping.size()) {
                return mapping.memory().asSlice(userAddress - mapping.userAddress(), bytes);
            }
        }
        throw new AssertionError("no region at user address %#x".formatted(userAddress));
    }

    /** Stores bytes, across regions that adjoin. */
    public void put(long address, byte... bytes) {
        for (int done = 0; done < bytes.length; ) {
            MemoryRegion region = regionOf(address + done);
            long within = address + done - region.guestAddress();
            int piece = (int) Math.min(bytes.length - done, region.size() - within);
            MemorySegment.copy(bytes, done, region.memory(), ValueLayout.JAVA_BYTE, within, piece);
            done += piece;
        }
    }

    /** Loads bytes, across regions that adjoin. */
    public byte[] get(long address, int length) {
        byte[] bytes = new byte[length];
        for (int done = 0; done < length; ) {
            MemoryRegion region = regionOf(address + done);
            long within = address + done - region.guestAddress();
            int piece = (int) Math.min(length - done, region.size() - within);
            MemorySegment.copy(region.memory(), ValueLayout.JAVA_BYTE, within, bytes, done, piece);
            done += piece;
        }
        return bytes;
    }

    private MemoryRegion regionOf(long address) {
        for (Region region : regions) {
            MemoryRegion mapping = region.mapping();
            if (address >= mapping.guestAddress() && address - mapping.guestAddress() < mapping.size()) {
                return mapping;
            }
        }
        throw new AssertionError("no region at %#x".formatted(address));
    }

    /** Unmaps and closes everything. */
    @Override
    public void close() {
        for (Region region : regions) {
            region.mapping().close();
            region.fd().close();
        }
        regions.clear();
    }
}
