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
 * readv(2), writev(2) and their kin on raw addresses, at once: for descriptors that never block, such as a TAP's, and for
 * what the page cache has ({@link #RWF_NOWAIT}). An operation that is over when it returns needs no completion, and
 * nothing is in flight when a queue stops. Used by one thread, for errno lands in memory of its own.
 */
public final class VectorIo {
    /** Rather fail with EAGAIN than wait; EOPNOTSUPP where a file system cannot promise that. */
    public static final int RWF_NOWAIT = 8;

    private static final StructLayout CAPTURE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = CAPTURE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final FunctionDescriptor STREAM = FunctionDescriptor.of(
            ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT);
    private static final FunctionDescriptor FILE =
            STREAM.appendArgumentLayouts(ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT);
    private static final MethodHandle READV = bind("readv", STREAM);
    private static final MethodHandle WRITEV = bind("writev", STREAM);
    private static final MethodHandle PREADV2 = bind("preadv2", FILE);
    private static final MethodHandle PWRITEV2 = bind("pwritev2", FILE);

    private static final int NO_FD = -1;

    private final MemorySegment capture = Arena.ofAuto().allocate(CAPTURE);

    @SuppressWarnings("restricted") // the signatures are those of the C library
    private static MethodHandle bind(String name, FunctionDescriptor signature) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(name), signature, Linker.Option.captureCallState("errno"));
    }

    /**
     * Has the JVM link {@link #readv} and {@link #writev} now, which takes it tens of milliseconds, rather than when the
     * first frame is waited for.
     */
    public static void link() {
        VectorIo io = new VectorIo();
        io.readv(NO_FD, 0, 0);
        io.writev(NO_FD, 0, 0);
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

    /**
     * Reads from a place in a file into several buffers; other parameters and result as for {@link #readv}.
     *
     * @param offset in the file, in bytes, at least 0
     * @param flags 0 or {@link #RWF_NOWAIT}
     */
    public int preadv(int fd, long iovec, int count, long offset, int flags) {
        try {
            return resultOf((long) PREADV2.invokeExact(capture, fd, iovec, count, offset, flags));
        } catch (Throwable e) {
            throw new AssertionError("preadv2 does not throw", e);
        }
    }

    /** Writes to a place in a file from several buffers; parameters and result as for {@link #preadv}. */
    public int pwritev(int fd, long iovec, int count, long offset, int flags) {
        try {
            return resultOf((long) PWRITEV2.invokeExact(capture, fd, iovec, count, offset, flags));
        } catch (Throwable e) {
            throw new AssertionError("pwritev2 does not throw", e);
        }
    }

    private int resultOf(long returned) {
        return returned >= 0 ? (int) returned : -(int) ERRNO.get(capture, 0L);
    }
}
