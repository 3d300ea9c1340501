package dev.ringside.memory;

import dev.ringside.fault.MessageFault;
import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.Mmap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * One piece of guest memory that a front-end shares, mapped for as long as this object is open (vhost-user, "Memory
 * region description"). Immutable and usable from any thread; using its memory after {@link #close} is an
 * {@link IllegalStateException}.
 */
public final class MemoryRegion implements AutoCloseable {
    private final long guestAddress;
    private final long userAddress;
    private final MemorySegment memory;
    private final Arena arena;
    /** What a process that goes on with this one's guests needs to map it, too. */
    private final @Nullable Fd file;

    private final long mmapOffset;

    private MemoryRegion(
            long guestAddress,
            long userAddress,
            MemorySegment memory,
            Arena arena,
            @Nullable Fd file,
            long mmapOffset) {
        this.guestAddress = guestAddress;
        this.userAddress = userAddress;
        this.memory = memory;
        this.arena = arena;
        this.file = file;
        this.mmapOffset = mmapOffset;
    }

    /**
     * Maps a region of a file, in pages or huge pages as the file has them.
     *
     * @param fd the file; borrowed, and no longer needed afterwards
     * @param guestAddress guest-physical address of the first byte
     * @param userAddress address of the first byte in the front-end's own address space
     * @param size in bytes
     * @param mmapOffset where in the file the region begins, in bytes
     * @throws MessageFault if the numbers make no sense, or the file cannot be mapped or is too short for them
     */
    @SuppressWarnings("MustBeClosedChecker") // the region owns the arena
    public static MemoryRegion map(Fd fd, long guestAddress, long userAddress, long size, long mmapOffset)
            throws MessageFault {
        if (size <= 0 || mmapOffset < 0 || mmapOffset > Long.MAX_VALUE - size) {
            throw new MessageFault("memory region of %#x bytes at offset %#x".formatted(size, mmapOffset));
        }
        checkRange("guest", guestAddress, size);
        checkRange("user", userAddress, size);
        Arena arena = Arena.ofShared();
        try {
            long fileSize = HostFile.size(fd);
            if (fileSize < mmapOffset + size) {
                throw new MessageFault(
                        "memory region ends at %#x, its file at %#x".formatted(mmapOffset + size, fileSize));
            }
            MemorySegment mapping = Mmap.shared(fd, mmapOffset, size, arena);
            return new MemoryRegion(guestAddress, userAddress, mapping, arena, fd.duplicate(), mmapOffset);
        } catch (LinuxException e) {
            arena.close();
            throw new MessageFault("memory region cannot be mapped: " + e.getMessage());
        } catch (MessageFault e) {
            arena.close();
            throw e;
        }
    }

    /** A region over memory of our own, for tests of what stands on it; {@link #close} leaves the memory alone. */
    @SuppressWarnings("MustBeClosedChecker") // the region owns the arena
    static MemoryRegion of(MemorySegment memory, long guestAddress, long userAddress) {
        return new MemoryRegion(guestAddress, userAddress, memory, Arena.ofShared(), null, 0);
    }

    private static void checkRange(String kind, long address, long size) throws MessageFault {
        if (address < 0 || address > Long.MAX_VALUE - size) {
            throw new MessageFault("memory region of %#x bytes at %s address %#x".formatted(size, kind, address));
        }
    }

    /** Guest-physical address of the first byte. */
    public long guestAddress() {
        return guestAddress;
    }

    /** Address of the first byte in the front-end's address space. */
    public long userAddress() {
        return userAddress;
    }

    /** In bytes, above 0. */
    public long size() {
        return memory.byteSize();
    }

    /** The file that the region is in; {@code null} for memory of our own. */
    public @Nullable Fd file() {
        return file;
    }

    /** Where in its file the region begins, in bytes. */
    public long mmapOffset() {
        return mmapOffset;
    }

    /**
     * Whether a range lies wholly within the region.
     *
     * @param address guest-physical; any {@code long} is allowed
     * @param bytes at least 0
     */
    public boolean holds(long address, long bytes) {
        return address >= guestAddress && address - guestAddress <= memory.byteSize() - bytes;
    }

    /** The region's bytes; offset 0 is its first. */
    public MemorySegment memory() {
        return memory;
    }

    /** Unmaps the region. No request may use it any more: the caller has drained its queues. */
    @Override
    public void close() {
        arena.close();
        if (file != null) {
            file.close();
        }
    }

    @Override
    public String toString() {
        return "guest %#x user %#x size %#x".formatted(guestAddress, userAddress, size());
    }
}
