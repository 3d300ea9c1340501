package dev.ringside.linux;

import com.sun.jna.Native;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Set;

/** Files and block devices of the host, addressed by descriptor and raw memory address. */
public final class HostFile {
    public static final int O_RDONLY = 0;
    public static final int O_RDWR = 2;
    public static final int O_CLOEXEC = 0x80000;

    /** Past the page cache, straight between memory and device. */
    public static final int O_DIRECT = 0x4000;

    public static final int FALLOC_FL_KEEP_SIZE = 1;
    public static final int FALLOC_FL_PUNCH_HOLE = 2;
    public static final int FALLOC_FL_ZERO_RANGE = 16;

    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int STATX_BASIC_STATS = 0x7ff;
    private static final int STATX_BYTES = 256;
    private static final int STX_BLKSIZE = 4;
    private static final int STX_INO = 32;
    private static final int STX_DEV_MAJOR = 136;
    private static final int STX_DEV_MINOR = 140;

    /** linux/fs.h. */
    private static final long BLKDISCARD = 0x1277;

    private static final long BLKSECDISCARD = 0x127d;

    private static final int RWF_DSYNC = 2;
    private static final int SEEK_END = 2;

    private static final int LOCK_EX = 2;
    private static final int LOCK_NB = 4;

    private static final int STATFS_BYTES = 256;

    /** linux/magic.h and the file systems' own headers. memfds are of tmpfs or hugetlbfs. */
    private static final Set<Long> KERNELS_FILE_SYSTEMS = Set.of(
            0x01021994L, // tmpfs
            0x858458f6L, // ramfs
            0x958458f6L, // hugetlbfs
            0xef53L, // ext2, ext3, ext4
            0x58465342L, // XFS
            0x9123683eL, // Btrfs
            0xf2f52010L, // F2FS
            0xca451a4eL, // bcachefs
            0x2fc12fc1L, // ZFS
            0x794c7630L); // overlayfs, whose files are of the host's others

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

    /**
     * flock(2), exclusively, until the descriptor and all its duplicates are closed. Directories can be locked, too.
     *
     * @return whether it is ours; {@code false} also where the file system knows no such locks
     */
    public static boolean tryLock(Fd fd) {
        return Libc.flock(fd.value(), LOCK_EX | LOCK_NB) == 0;
    }

    /** The size in bytes of a file, a block device or a memfd, whatever the descriptor's position was. */
    public static long size(Fd fd) throws LinuxException {
        long size = Libc.lseek(fd.value(), 0, SEEK_END);
        if (size < 0) {
            throw LinuxException.last("lseek");
        }
        return size;
    }

    /**
     * The unit in which a file is stored: of hugetlbfs its huge page.
     *
     * @return in bytes, a power of two
     */
    public static long blockBytes(Fd fd) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            return Long.highestOneBit(Math.max(1, statx(fd, arena).get(ValueLayout.JAVA_INT, STX_BLKSIZE)));
        }
    }

    /**
     * Which file it is: two descriptors with the same identity are of the same file.
     *
     * @param device major number in the upper half, minor in the lower
     */
    public record Identity(long device, long inode) {}

    /** Which file a descriptor is of. */
    public static Identity identity(Fd fd) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment statx = statx(fd, arena);
            long major = statx.get(ValueLayout.JAVA_INT, STX_DEV_MAJOR);
            long minor = Integer.toUnsignedLong(statx.get(ValueLayout.JAVA_INT, STX_DEV_MINOR));
            return new Identity(major << 32 | minor, statx.get(ValueLayout.JAVA_LONG, STX_INO));
        }
    }

    private static MemorySegment statx(Fd fd, Arena arena) throws LinuxException {
        MemorySegment statx = arena.allocate(STATX_BYTES, 8);
        if (Libc.statx(fd.value(), "", AT_EMPTY_PATH, STATX_BASIC_STATS, statx.address()) != 0) {
            throw LinuxException.last("statx");
        }
        return statx;
    }

    /**
     * Whether the kernel answers for a file's pages by itself. A page of others is brought by a process (FUSE) or another
     * host (NFS, 9P), who may never bring it: whoever touches such a page stands still for as long.
     */
    public static boolean isKernels(Fd fd) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment statfs = arena.allocate(STATFS_BYTES, 8);
            if (Libc.fstatfs(fd.value(), statfs.address()) != 0) {
                throw LinuxException.last("fstatfs");
            }
            // struct statfs begins with f_type, a long.
            return KERNELS_FILE_SYSTEMS.contains(statfs.get(ValueLayout.JAVA_LONG, 0));
        }
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

    /**
     * pwritev2(2); other parameters and result as for {@link #preadv}.
     *
     * @param durable whether the data has reached stable storage on return (RWF_DSYNC)
     */
    public static long pwritev(int fd, long iovec, int count, long offset, boolean durable) {
        return resultOf(Libc.pwritev2(fd, iovec, count, offset, durable ? RWF_DSYNC : 0));
    }

    /**
     * fallocate(2): 0, or the negative errno.
     *
     * @param mode FALLOC_FL_ flags
     */
    public static int fallocate(int fd, int mode, long offset, long bytes) {
        return (int) resultOf(Libc.fallocate(fd, mode, offset, bytes));
    }

    /** fdatasync(2): 0, or the negative errno. */
    public static int fdatasync(int fd) {
        return (int) resultOf(Libc.fdatasync(fd));
    }

    /**
     * Gives a range of a block device back (BLKDISCARD): 0, or the negative errno. Blocks, for as long as the device
     * takes.
     */
    public static int discard(int fd, long offset, long bytes) {
        return ioctlOnRange(fd, BLKDISCARD, offset, bytes);
    }

    /** The same, after which the bytes cannot be recovered from the device either (BLKSECDISCARD). */
    public static int secureErase(int fd, long offset, long bytes) {
        return ioctlOnRange(fd, BLKSECDISCARD, offset, bytes);
    }

    /** Whether {@link #secureErase} can succeed. Changes nothing. */
    public static boolean canSecureErase(Fd fd) {
        // The range is wrong on purpose; a device that erases looks at it, others refuse before (block/ioctl.c).
        return secureErase(fd.value(), 1, 1) == -Errno.EINVAL;
    }

    /** Whether the file system can punch holes into a file. Changes nothing: the hole would be far behind the end. */
    public static boolean canPunchHoles(Fd fd) throws LinuxException {
        long offset = size(fd) + (1L << 40);
        return fallocate(fd.value(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, 4096) != -Errno.EOPNOTSUPP;
    }

    private static int ioctlOnRange(int fd, long request, long offset, long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment range = arena.allocateFrom(ValueLayout.JAVA_LONG, offset, bytes);
            return (int) resultOf(Libc.ioctl(fd, request, range.address()));
        }
    }

    private static long resultOf(long returned) {
        return returned >= 0 ? returned : -Native.getLastError();
    }
}
