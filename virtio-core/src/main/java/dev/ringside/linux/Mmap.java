package dev.ringside.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** mmap(2) of a descriptor that another process gave us, shared with it. */
public final class Mmap {
    private static final int PROT_READ = 1;
    private static final int PROT_WRITE = 2;
    private static final int MAP_SHARED = 1;
    private static final int MAP_NORESERVE = 0x4000;
    private static final long MAP_FAILED = -1;

    private Mmap() {}

    /**
     * Maps the first bytes of a file, readable and writable. The file is neither reopened nor grown; the descriptor
     * may be closed afterwards.
     *
     * @param fd the file
     * @param length in bytes, above 0
     * @param arena unmaps the memory when it is closed
     */
    @SuppressWarnings("restricted") // the mapping is ours, and its length is what we asked for
    public static MemorySegment shared(Fd fd, long length, Arena arena) throws LinuxException {
        long address = Libc.mmap(0, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd.value(), 0);
        if (address == MAP_FAILED) {
            throw LinuxException.last("mmap of " + length + " bytes");
        }
        return MemorySegment.ofAddress(address)
                .reinterpret(length, arena, segment -> Libc.munmap(segment.address(), length));
    }
}
