package dev.ringside.linux;

import com.sun.jna.Native;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Open-file-description locks on byte ranges (fcntl(2), F_OFD_SETLK): they belong to the open file, are shared by its
 * duplicates, and go with the last of them, also when the process dies.
 */
public final class OfdLock {
    private static final int F_OFD_GETLK = 36;
    private static final int F_OFD_SETLK = 37;
    private static final short F_RDLCK = 0;
    private static final short F_WRLCK = 1;
    private static final short F_UNLCK = 2;

    /** struct flock: i16 type, i16 whence, i64 start, i64 len, i32 pid. */
    private static final int L_START = 8;

    private static final int L_LEN = 16;
    private static final int FLOCK_BYTES = 32;

    private OfdLock() {}

    /**
     * Takes a shared lock on one byte.
     *
     * @return whether it was granted; {@code false} if another open file holds it exclusively
     */
    public static boolean share(Fd fd, long offset) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            if (Libc.fcntl(
                            fd.value(),
                            F_OFD_SETLK,
                            flock(arena, F_RDLCK, offset).address())
                    == 0) {
                return true;
            }
            int errno = Native.getLastError();
            if (errno == Errno.EAGAIN || errno == Errno.EACCES) {
                return false;
            }
            throw new LinuxException("fcntl F_OFD_SETLK", errno);
        }
    }

    /**
     * Gives up what this open file holds of a range.
     *
     * @param bytes above 0
     */
    public static void release(Fd fd, long offset, long bytes) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment flock = flock(arena, F_UNLCK, offset);
            flock.set(ValueLayout.JAVA_LONG, L_LEN, bytes);
            if (Libc.fcntl(fd.value(), F_OFD_SETLK, flock.address()) != 0) {
                throw LinuxException.last("fcntl F_OFD_SETLK");
            }
        }
    }

    /** Whether another open file holds a lock of any kind on one byte. */
    public static boolean heldByAnother(Fd fd, long offset) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment flock = flock(arena, F_WRLCK, offset);
            if (Libc.fcntl(fd.value(), F_OFD_GETLK, flock.address()) != 0) {
                throw LinuxException.last("fcntl F_OFD_GETLK");
            }
            return flock.get(ValueLayout.JAVA_SHORT, 0) != F_UNLCK;
        }
    }

    private static MemorySegment flock(Arena arena, short type, long offset) {
        MemorySegment flock = arena.allocate(FLOCK_BYTES, 8);
        flock.set(ValueLayout.JAVA_SHORT, 0, type);
        flock.set(ValueLayout.JAVA_LONG, L_START, offset);
        flock.set(ValueLayout.JAVA_LONG, L_LEN, 1);
        return flock;
    }
}
