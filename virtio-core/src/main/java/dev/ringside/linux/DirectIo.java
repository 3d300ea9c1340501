package dev.ringside.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What O_DIRECT wants of requests on one file.
 *
 * @param memoryAlignment of buffers, in bytes, a power of two
 * @param offsetAlignment of offsets and lengths, in bytes, a power of two
 */
public record DirectIo(int memoryAlignment, int offsetAlignment) {
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int STATX_DIOALIGN = 0x2000;

    /** struct statx (statx(2)). */
    private static final int STATX_BYTES = 256;

    private static final int STX_MASK = 0;
    private static final int STX_DIO_MEM_ALIGN = 0x98;
    private static final int STX_DIO_OFFSET_ALIGN = 0x9c;

    /** What every device accepts; for kernels before 6.1, which do not tell. */
    private static final DirectIo CAUTIOUS = new DirectIo(4096, 4096);

    /** Asks the kernel. */
    public static DirectIo of(Fd fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment statx = arena.allocate(STATX_BYTES, 8);
            if (Libc.statx(fd.value(), "", AT_EMPTY_PATH, STATX_DIOALIGN, statx.address()) != 0
                    || (statx.get(ValueLayout.JAVA_INT, STX_MASK) & STATX_DIOALIGN) == 0) {
                return CAUTIOUS;
            }
            int memory = statx.get(ValueLayout.JAVA_INT, STX_DIO_MEM_ALIGN);
            int offset = statx.get(ValueLayout.JAVA_INT, STX_DIO_OFFSET_ALIGN);
            return Integer.bitCount(memory) == 1 && Integer.bitCount(offset) == 1
                    ? new DirectIo(memory, offset)
                    : CAUTIOUS;
        }
    }
}
