package dev.ringside.blk;

import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import dev.ringside.linux.LinuxException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A raw disk image, open and locked for as long as this object is not closed. */
final class DiskImage implements AutoCloseable {
    /** The unit of virtio-blk's sector numbers, whatever block size the device announces (virtio 1.2 §5.2.4). */
    static final int SECTOR_BYTES = 512;

    private final Path path;
    private final boolean readOnly;
    private final Fd fd;
    private final long sectors;

    private DiskImage(Path path, boolean readOnly, Fd fd, long sectors) {
        this.path = path;
        this.readOnly = readOnly;
        this.fd = fd;
        this.sectors = sectors;
    }

    /**
     * Opens an image.
     *
     * @param readOnly share it with other readers, and never write
     * @throws IOException with a message for the user: missing, not allowed, a directory, of an odd size, or in use
     */
    static DiskImage open(Path path, boolean readOnly) throws IOException {
        if (Files.isDirectory(path)) {
            throw new IOException("disk image " + path + " is a directory");
        }
        Fd fd = HostFile.open(path, readOnly ? HostFile.O_RDONLY : HostFile.O_RDWR);
        try {
            long size = sizeOf(path, fd);
            ImageLock.acquire(path, fd, readOnly);
            return new DiskImage(path, readOnly, fd, size / SECTOR_BYTES);
        } catch (IOException e) {
            fd.close();
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

    Path path() {
        return path;
    }

    boolean isReadOnly() {
        return readOnly;
    }

    /** The open file, which this object goes on to own. */
    Fd fd() {
        return fd;
    }

    /** The size in units of {@link #SECTOR_BYTES}. */
    long sectors() {
        return sectors;
    }

    @Override
    public void close() {
        fd.close();
    }
}
