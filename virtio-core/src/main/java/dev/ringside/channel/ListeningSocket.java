package dev.ringside.channel;

import dev.ringside.linux.Errno;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.UnixSocket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/** Opens a listening socket at a path that may be taken: by a live process, a dead one, or something else. */
public final class ListeningSocket {
    private static final int S_IFMT = 0170000;
    private static final int S_IFSOCK = 0140000;

    private ListeningSocket() {}

    /**
     * Listens at a path. A socket that a dead process left behind is replaced; anything else that exists is kept.
     *
     * @throws IOException with a message for the user, if the path is too long, taken, or not writable
     */
    public static UnixSocket open(Path path) throws IOException {
        checkLength(path);
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            removeStale(path);
        }
        return UnixSocket.listen(path);
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
