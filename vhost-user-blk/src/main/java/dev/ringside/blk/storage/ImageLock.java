package dev.ringside.blk.storage;

import dev.ringside.linux.Fd;
import dev.ringside.linux.OfdLock;
import java.io.IOException;
import java.nio.file.Path;

/**
 * QEMU's locking of disk images (block/file-posix.c), so that this program, QEMU and qemu-img respect one another. Byte
 * 100 + p is locked by whoever uses permission p, byte 200 + p by whoever does not want others to use it; all locks are
 * shared ones, and a conflict is found by looking at the other byte.
 */
final class ImageLock {
    private static final int USES = 100;
    private static final int FORBIDS = 200;

    /** Permissions: reading consistent data, writing, and resizing. */
    private static final int CONSISTENT_READ = 0;

    private static final int WRITE = 1;
    private static final int RESIZE = 3;

    private ImageLock() {}

    /**
     * Locks an image as a disk of a virtual machine does: read by many, or written by one and read by nobody else.
     * The locks last as long as the open file, or until {@link #release}.
     *
     * @throws IOException with a message for the user, if another process uses the image; nothing is locked then
     */
    static void acquire(Path path, Fd fd, boolean readOnly) throws IOException {
        try {
            acquireOrLeaveSome(path, fd, readOnly);
        } catch (IOException e) {
            release(fd);
            throw e;
        }
    }

    private static void acquireOrLeaveSome(Path path, Fd fd, boolean readOnly) throws IOException {
        int[] used = readOnly ? new int[] {CONSISTENT_READ} : new int[] {CONSISTENT_READ, WRITE};
        int[] forbidden = {WRITE, RESIZE};
        // First say what we do, then look at what others do: of two who come at once, at least one sees the other.
        for (int permission : used) {
            take(path, fd, USES + permission);
        }
        for (int permission : forbidden) {
            take(path, fd, FORBIDS + permission);
        }
        for (int permission : used) {
            refuseIfHeld(path, fd, FORBIDS + permission);
        }
        for (int permission : forbidden) {
            refuseIfHeld(path, fd, USES + permission);
        }
    }

    /** Gives all locks up. */
    static void release(Fd fd) throws IOException {
        OfdLock.release(fd, USES, FORBIDS + USES);
    }

    private static void take(Path path, Fd fd, long offset) throws IOException {
        if (!OfdLock.share(fd, offset)) {
            throw inUse(path);
        }
    }

    private static void refuseIfHeld(Path path, Fd fd, long offset) throws IOException {
        if (OfdLock.heldByAnother(fd, offset)) {
            throw inUse(path);
        }
    }

    private static IOException inUse(Path path) {
        return new IOException("disk image " + path + " is in use by another process");
    }
}
