package dev.ringside.channel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/**
 * The name that a listening socket has in the file system, which stays there when the socket is closed. It may have become
 * the name of another file meanwhile: whoever finds the socket gone, or takes it for a dead one, puts his own in its place.
 *
 * @param file device and inode, which nobody else gets while the socket is open; {@code null} if there was none any more
 */
record SocketName(Path path, @Nullable Object file) {
    /** The name of a socket that listens at a path, as of now. */
    static SocketName of(Path path) throws IOException {
        return new SocketName(path, fileAt(path));
    }

    private static @Nullable Object fileAt(Path path) throws IOException {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .fileKey();
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    /** Removes the name, unless it is another file's; the socket is still open. */
    void remove() throws IOException {
        if (file != null && file.equals(fileAt(path))) {
            Files.deleteIfExists(path);
        }
    }
}
