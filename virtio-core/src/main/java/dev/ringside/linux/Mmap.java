package dev.ringside.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** mmap(2) of a descriptor that another process gave us, shared with it. */
public final class Mmap {
    private static final int PROT_READ = 1;
    private static final int PROT_WRITE = 2;
    private static final int MAP_SHARED = 1;
    private static final int MAP_NORESERVE = 0x4000;
    private static final long MAP_FAILED = -1;
    private static final long PAGE_BYTES = 4096;

    /** More than any processor has addresses for. */
    private static final long MAX_BYTES = 1L << 57;

    private static final Logger LOG = LoggerFactory.getLogger(Mmap.class);

    private Mmap() {}

    /**
     * Maps part of a file, readable and writable. The file is neither reopened nor grown; the descriptor may be closed
     * afterwards. A file whose pages somebody else than the kernel would have to bring is refused.
     *
     * @param fd the file
     * @param offset where the part begins, in bytes
     * @param length in bytes, above 0
     * @param arena unmaps the memory when it is closed
     */
    @SuppressWarnings("restricted") // the mapping is ours, and its length is what we asked for
    public static MemorySegment shared(Fd fd, long offset, long length, Arena arena) throws LinuxException {
        if (!HostFile.isKernels(fd)) {
            throw new LinuxException("mmap of a file on a file system that may keep us waiting", Errno.EOPNOTSUPP);
        }
        if (length > MAX_BYTES || offset > MAX_BYTES) {
            // A directory says that it is as long as that.
            throw new LinuxException("mmap of %d bytes at %d".formatted(length, offset), Errno.EOVERFLOW);
        }
        // The kernel maps whole blocks: pages, or huge pages, and unmaps nothing less.
        long block = Math.max(PAGE_BYTES, HostFile.blockBytes(fd));
        long begin = offset & -block;
        long mapped = Math.addExact(offset - begin + length, block - 1) & -block;
        long address = Libc.mmap(0, mapped, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd.value(), begin);
        if (address == MAP_FAILED) {
            throw LinuxException.last("mmap of " + length + " bytes");
        }
        return MemorySegment.ofAddress(address)
                .reinterpret(mapped, arena, segment -> unmap(segment.address(), mapped))
                .asSlice(offset - begin, length);
    }

    private static void unmap(long address, long length) {
        if (Libc.munmap(address, length) != 0) {
            LOG.error(
                    "{}", LinuxException.last("munmap of " + length + " bytes").getMessage());
        }
    }
}
