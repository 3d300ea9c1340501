package dev.ringside.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/**
 * readv(2) and writev(2) for descriptors that never block, at once and on raw addresses: what a TAP needs for each
 * frame. An operation that is over when it returns needs no completion, and nothing is in flight when a queue stops.
 * Used by one thread, for errno lands in memory of its own.
 */
public final class VectorIo {
    private static final StructLayout CAPTURE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = CAPTURE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final MethodHandle READV = bind("readv");
    private static final MethodHandle WRITEV = bind("writev");

    private final MemorySegment capture = Arena.ofAuto().allocate(CAPTURE);

    @SuppressWarnings("restricted") // the signatures are those of the C library
    private static MethodHandle bind(String name) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(
                        ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT),
                Linker.Option.captureCallState("errno"));
    }

    /**
     * Reads into several buffers.
     *
     * @param fd the descriptor's number
     * @param iovec address of {@code count} struct iovec
     * @param count at most 1024
     * @return the bytes read, or the negative errno
     */
    public int readv(int fd, long iovec, int count) {
        try {
            return resultOf((long) READV.invokeExact(capture, fd, iovec, count));
        } catch (Throwable e) {
            throw new AssertionError("readv does not throw", e);
        }
    }

    /** Writes from several buffers; parameters and result as for {@link #readv}. */
    public int writev(int fd, long iovec, int count) {
        try {
            return resultOf((long) WRITEV.invokeExact(capture, fd, iovec, count));
        } catch (Throwable e) {
            throw new AssertionError("writev does not throw", e);
        }
    }

    private int resultOf(long returned) {
        return returned >= 0 ? (int) returned : -(int) ERRNO.get(capture, 0L);
    }
}
