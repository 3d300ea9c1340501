package dev.ringside.channel;

import dev.ringside.linux.Errno;
import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.UnixSocket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Opens a listening socket at a path that may be taken: by a live process, a dead one, or something else. */
public final class ListeningSocket {
    private static final int S_IFMT = 0170000;
    private static final int S_IFSOCK = 0140000;

    /** How long others may take to open theirs. */
    private static final int LOCK_TRIES = 500;

    private static final long TRY_MILLIS = 2;

    private ListeningSocket() {}

    /**
     * Listens at a path. A socket that a dead process left behind is replaced; anything else that exists is kept. Of
     * several programs that open one path at once, one gets it.
     *
     * @throws IOException with a message for the user, if the path is too long, taken, or not writable
     */
    public static UnixSocket open(Path path) throws IOException {
        checkLength(path);
        // Between a look at what is there and listening, another's new socket would be taken for the stale one.
        Fd lock = lockDirectoryOf(path);
        try {
            if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
                removeStale(path);
            }
            return UnixSocket.listen(path);
        } finally {
            if (lock != null) {
                lock.close();
            }
        }
    }

    /**
     * Locks a directory until the descriptor is closed, if that can be done: one that we must not read cannot be locked, and
     * whoever else locks it for long has something else in mind.
     */
    private static @Nullable Fd lockDirectoryOf(Path path) {
        Path directory = path.toAbsolutePath().getParent();
        if (directory == null) {
            return null;
        }
        try {
            Fd fd = HostFile.open(directory, HostFile.O_RDONLY);
            for (int i = 0; i < LOCK_TRIES && !HostFile.tryLock(fd); i++) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(TRY_MILLIS));
            }
            return fd;
        } catch (LinuxException e) {
            return null;
        }
    }

    /** Checks what no connection, from either side, can do without. */
    static void checkLength(Path path) throws IOException {
        if (path.toString().getBytes(StandardCharsets.UTF_8).length > UnixSocket.MAX_PATH_BYTES) {
            throw new IOException("socket path is longer than " + UnixSocket.MAX_PATH_BYTES
                    + " bytes, which is all Linux allows: " + path);
        }
    }

    private static void removeStale(Path path) throws IOException {
        int mode = (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        if ((mode & S_IFMT) != S_IFSOCK) {
            throw new IOException(path + " exists and is not a socket");
        }
        try {
            UnixSocket.connect(path).close();
            throw new IOException("socket " + path + " is in use by another process");
        } catch (LinuxException e) {
            // Nobody listens: the socket is left from a process that has died.
            switch (e.errno()) {
                case Errno.ECONNREFUSED, Errno.ENOENT -> Files.deleteIfExists(path);
                case Errno.EAGAIN -> throw new IOException("socket " + path + " is in use by another process");
                default -> throw e;
            }
        }
    }
}
