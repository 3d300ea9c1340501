package dev.ringside.linux;

import com.sun.jna.Native;
import java.nio.file.Path;

/** Files and block devices of the host, addressed by descriptor and raw memory address. */
public final class HostFile {
    public static final int O_RDONLY = 0;
    public static final int O_RDWR = 2;
    public static final int O_CLOEXEC = 0x80000;

    private static final int SEEK_END = 2;

    private HostFile() {}

    /**
     * open(2), always close-on-exec.
     *
     * @param flags {@link #O_RDONLY} or {@link #O_RDWR}, and others
     */
    public static Fd open(Path path, int flags) throws LinuxException {
        int fd = Libc.open(path.toString(), flags | O_CLOEXEC, 0);
        if (fd < 0) {
            throw LinuxException.last("open " + path);
        }
        return new Fd(fd);
    }

    /** The size in bytes of a file, a block device or a memfd, whatever the descriptor's position was. */
    public static long size(Fd fd) throws LinuxException {
        long size = Libc.lseek(fd.value(), 0, SEEK_END);
        if (size < 0) {
            throw LinuxException.last("lseek");
        }
        return size;
    }

    /** Grows a file with zeroes, or cuts it. */
    public static void truncate(Fd fd, long size) throws LinuxException {
        if (Libc.ftruncate(fd.value(), size) != 0) {
            throw LinuxException.last("ftruncate to " + size);
        }
    }

    /**
     * preadv(2) on raw addresses, for threads that may block.
     *
     * @param fd the descriptor's number
     * @param iovec address of {@code count} struct iovec
     * @param count at most 1024
     * @param offset in bytes
     * @return the bytes read, or the negative errno
     */
    public static long preadv(int fd, long iovec, int count, long offset) {
        return resultOf(Libc.preadv(fd, iovec, count, offset));
    }

    /** pwritev(2); parameters and result as for {@link #preadv}. */
    public static long pwritev(int fd, long iovec, int count, long offset) {
        return resultOf(Libc.pwritev(fd, iovec, count, offset));
    }

    /** fdatasync(2): 0, or the negative errno. */
    public static int fdatasync(int fd) {
        return (int) resultOf(Libc.fdatasync(fd));
    }

    private static long resultOf(long returned) {
        return returned >= 0 ? returned : -Native.getLastError();
    }
}
