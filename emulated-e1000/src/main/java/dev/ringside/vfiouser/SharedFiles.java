package dev.ringside.vfiouser;

import dev.ringside.fault.MessageFault;
import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.Mmap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/**
 * Maps each file that a client shares once, however many DMA maps lie in it. A guest behind a virtual IOMMU has a map for
 * each page that its driver hands out: a mapping for each would cost two system calls for each frame, and would end at the
 * kernel's limit of mappings. Used on the session's loop.
 */
final class SharedFiles {
    /**
     * Mappings of one client at a time, and their bytes in all: far above what guests have, and a bound on what it can take
     * of what the kernel gives a process. Without one, its other devices and the JVM itself would go short.
     */
    static final int MAX_MAPPINGS = 512;

    static final long MAX_BYTES = 1L << 44;

    /** One mapping of a file from its beginning, shared by maps. */
    final class Mapping {
        private final HostFile.Identity file;
        private final MemorySegment memory;
        private final Arena arena;
        private int users;

        private Mapping(HostFile.Identity file, MemorySegment memory, Arena arena) {
            this.file = file;
            this.memory = memory;
            this.arena = arena;
        }

        MemorySegment memory() {
            return memory;
        }

        /** One map less; the last one unmaps the file. */
        void release() {
            users--;
            if (users == 0) {
                mappings.remove(file, this);
                mapped--;
                mappedBytes -= memory.byteSize();
                arena.close();
            }
        }
    }

    /** Of each file the one that reaches furthest. */
    private final Map<HostFile.Identity, Mapping> mappings = new HashMap<>();

    /** All that are in use: those as well that a file has grown beyond. */
    private int mapped;

    private long mappedBytes;

    /**
     * A mapping that holds a file's first bytes; the caller releases it.
     *
     * @param fd borrowed
     * @param bytes how many, above 0
     * @throws MessageFault if the file has fewer, or cannot be mapped, or too much is mapped already
     */
    Mapping map(Fd fd, long bytes) throws MessageFault {
        try {
            HostFile.Identity file = HostFile.identity(fd);
            Mapping mapping = mappings.get(file);
            if (mapping == null || mapping.memory.byteSize() < bytes) {
                mapping = mapWhole(fd, bytes, file);
                mappings.put(file, mapping);
            }
            mapping.users++;
            return mapping;
        } catch (LinuxException e) {
            throw new MessageFault("memory cannot be mapped: " + e.getMessage());
        }
    }

    @SuppressWarnings("MustBeClosedChecker") // the mapping owns the arena
    private Mapping mapWhole(Fd fd, long bytes, HostFile.Identity file) throws MessageFault, LinuxException {
        long size = HostFile.size(fd);
        if (size < bytes) {
            throw new MessageFault("memory ends at %#x, its file at %#x".formatted(bytes, size));
        }
        if (mapped == MAX_MAPPINGS || size > MAX_BYTES - mappedBytes) {
            throw new MessageFault("more than %d mappings, or %d TiB".formatted(MAX_MAPPINGS, MAX_BYTES >> 40));
        }
        Arena arena = Arena.ofShared();
        try {
            Mapping mapping = new Mapping(file, Mmap.shared(fd, 0, size, arena), arena);
            mapped++;
            mappedBytes += size;
            return mapping;
        } catch (LinuxException e) {
            arena.close();
            throw e;
        }
    }

    /** How many files are mapped. */
    int count() {
        return mappings.size();
    }
}
