package dev.ringside.blk.storage;

import dev.ringside.linux.DirectIo;
import dev.ringside.linux.Errno;
import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import dev.ringside.linux.LinuxException;
import dev.ringside.loop.DeviceLoop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A raw disk image, or a block device of the host: open for as long as this object is not closed, and locked unless it
 * has been handed over.
 */
public final class FileStorage implements Storage {
    private static final int FILE_BLOCK_BYTES = 4096;

    private static final int S_IFMT = 0170000;
    private static final int S_IFREG = 0100000;
    private static final int S_IFBLK = 0060000;

    private final Path path;
    private final boolean readOnly;
    /** Through the page cache. */
    private final Fd buffered;
    /** Past the page cache, for requests that are aligned as {@link #alignment} says; {@code null} if not wanted. */
    private final @Nullable Fd direct;

    private final DirectIo alignment;
    /** {@code null} for a file. */
    private final @Nullable HostBlockDevice blockDevice;

    private final Limits limits;
    private volatile long sectors;
    private boolean locked;
    /** The kernel has told once that cached writes were lost, and tells nobody else. */
    private volatile int lostWrites;

    private FileStorage(
            Path path,
            boolean readOnly,
            Fd buffered,
            @Nullable Fd direct,
            DirectIo alignment,
            @Nullable HostBlockDevice blockDevice,
            Limits limits,
            long sectors) {
        this.path = path;
        this.readOnly = readOnly;
        this.buffered = buffered;
        this.direct = direct;
        this.alignment = alignment;
        this.blockDevice = blockDevice;
        this.limits = limits;
        this.sectors = sectors;
    }

    /**
     * Opens an image, and locks it.
     *
     * @param readOnly share it with other readers, and never write
     * @param direct whether to go past the page cache (O_DIRECT)
     * @throws IOException with a message for the user: missing, not allowed, a directory, of an odd size, in use, or on
     *     a file system without O_DIRECT
     */
    public static FileStorage open(Path path, boolean readOnly, boolean direct) throws IOException {
        FileStorage storage = openUnclaimed(path, readOnly, direct);
        try {
            storage.claim();
            return storage;
        } catch (IOException e) {
            storage.close();
            throw e;
        }
    }

    /** The same for an image that another process has in use, and is going to hand over. */
    public static FileStorage openUnclaimed(Path path, boolean readOnly, boolean direct) throws IOException {
        if (Files.isDirectory(path)) {
            throw new IOException("disk image " + path + " is a directory");
        }
        refuseOddKinds(path);
        HostBlockDevice blockDevice = Files.exists(path) && kind(path) == S_IFBLK
                ? HostBlockDevice.of((Long) Files.getAttribute(path, "unix:rdev"))
                : null;
        int flags = readOnly ? HostFile.O_RDONLY : HostFile.O_RDWR;
        Fd buffered = HostFile.open(path, flags);
        try {
            long size = sizeOf(path, buffered);
            boolean punchesHoles = !readOnly && blockDevice == null && HostFile.canPunchHoles(buffered);
            Fd directFd = direct ? openDirect(path, flags) : null;
            DirectIo alignment = directFd == null ? new DirectIo(1, 1) : DirectIo.of(directFd);
            Limits limits = limits(readOnly, punchesHoles, buffered, alignment, blockDevice);
            return new FileStorage(
                    path, readOnly, buffered, directFd, alignment, blockDevice, limits, size / SECTOR_BYTES);
        } catch (IOException e) {
            buffered.close();
            throw e;
        }
    }

    /** Opening a pipe would wait for its other end, and opening some devices has effects. */
    private static void refuseOddKinds(Path path) throws IOException {
        if (Files.exists(path)) {
            int kind = kind(path);
            if (kind != S_IFREG && kind != S_IFBLK) {
                throw new IOException("disk image " + path + " is neither a file nor a block device");
            }
        }
    }

    private static int kind(Path path) throws IOException {
        return (Integer) Files.getAttribute(path, "unix:mode") & S_IFMT;
    }

    private static Limits limits(
            boolean readOnly, boolean punchesHoles, Fd fd, DirectIo alignment, @Nullable HostBlockDevice device) {
        if (device != null) {
            return new Limits(
                    Math.max(device.physicalBlockBytes(), alignment.offsetAlignment()),
                    Math.max(device.discardBytes(), SECTOR_BYTES),
                    !readOnly && device.discardBytes() > 0,
                    !readOnly,
                    !readOnly && HostFile.canSecureErase(fd));
        }
        // Holes have the file system's block size, which is this one nearly everywhere; O_DIRECT may want more.
        int block = Math.max(FILE_BLOCK_BYTES, alignment.offsetAlignment());
        return new Limits(block, block, punchesHoles, !readOnly, false);
    }

    private static Fd openDirect(Path path, int flags) throws IOException {
        try {
            return HostFile.open(path, flags | HostFile.O_DIRECT);
        } catch (LinuxException e) {
            if (e.errno() == Errno.EINVAL) {
                throw new IOException("cache=none: the file system of " + path + " has no O_DIRECT");
            }
            throw e;
        }
    }

    private static long sizeOf(Path path, Fd fd) throws IOException {
        long size;
        try {
            size = HostFile.size(fd);
        } catch (LinuxException e) {
            throw new IOException("disk image " + path + " is neither a file nor a block device");
        }
        if (size == 0) {
            throw new IOException("disk image " + path + " is empty");
        }
        if (size % SECTOR_BYTES != 0) {
            throw new IOException(
                    "size of disk image " + path + ", " + size + " bytes, is no multiple of " + SECTOR_BYTES);
        }
        return size;
    }

    @Override
    public String name() {
        return String.valueOf(path.getFileName());
    }

    @Override
    public boolean isReadOnly() {
        return readOnly;
    }

    @Override
    public long sectors() {
        return sectors;
    }

    @Override
    public boolean refreshSize() {
        try {
            long now = HostFile.size(buffered) / SECTOR_BYTES;
            boolean changed = now != sectors;
            sectors = now;
            return changed;
        } catch (LinuxException e) {
            return false;
        }
    }

    @Override
    public boolean mayWaitForOthers() {
        try {
            return !HostFile.isKernels(buffered);
        } catch (LinuxException e) {
            return true;
        }
    }

    @Override
    public Limits limits() {
        return limits;
    }

    @Override
    public @Nullable Lifetime lifetime() {
        return blockDevice == null ? null : blockDevice.lifetime();
    }

    boolean isBlockDevice() {
        return blockDevice != null;
    }

    /** What discards of a block device have to be made of. */
    int logicalBlockBytes() {
        return blockDevice == null ? 1 : blockDevice.logicalBlockBytes();
    }

    @Override
    public StorageQueue open(DeviceLoop loop, StorageQueue.Completion completion) {
        return new FileQueue(this, loop, completion);
    }

    @Override
    public synchronized void claim() throws IOException {
        if (!locked) {
            ImageLock.acquire(path, buffered, readOnly);
            locked = true;
            refreshSize();
        }
    }

    /** Another host may read the image next, and sees only what has left this one's page cache. */
    @Override
    public synchronized void handOver(boolean elsewhere) throws IOException {
        if (locked) {
            int errno = lostWrites != 0 || !elsewhere ? lostWrites : -HostFile.fdatasync(buffered.value());
            if (errno != 0) {
                throw new LinuxException("flush of disk image " + path, errno);
            }
            ImageLock.release(buffered);
            locked = false;
        }
    }

    Fd buffered() {
        return buffered;
    }

    @Nullable
    Fd direct() {
        return direct;
    }

    DirectIo alignment() {
        return alignment;
    }

    /**
     * A flush, or a write that had to be durable, has failed. With a page cache between, writes that were reported done
     * are gone, and the kernel says so once and to one of those who ask (fsync(2)): so every flush from now on has to
     * fail, in all queues, until the image is opened anew.
     */
    void flushFailed(int errno) {
        if (direct == null) {
            lostWrites = errno;
        }
    }

    /** 0, or the errno that flushes have to fail with. */
    int lostWrites() {
        return lostWrites;
    }

    @Override
    public void close() {
        if (direct != null) {
            direct.close();
        }
        buffered.close();
    }
}
