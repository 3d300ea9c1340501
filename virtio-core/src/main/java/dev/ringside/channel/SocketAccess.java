package dev.ringside.channel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who may connect. The path says it first, as for every file; the peer's user id, which the kernel vouches for, is asked for
 * beyond that where the path's directory is not to be trusted with it.
 *
 * @param group that the socket belongs to, and that may connect as well; {@code null} for its owner alone
 * @param uids of peers that are served; empty for all that the path lets in
 */
public record SocketAccess(@Nullable String group, Set<Integer> uids) {
    /** The owner alone. */
    public static final SocketAccess OWNER = new SocketAccess(null, Set.of());

    public SocketAccess {
        uids = Set.copyOf(uids);
    }

    /** Whether a peer is served. */
    boolean allows(int uid) {
        return uids.isEmpty() || uids.contains(uid);
    }

    /** Opens a socket's path, that is its owner's alone so far, to the group. */
    void applyTo(Path socket) throws IOException {
        if (group == null) {
            return;
        }
        try {
            Files.getFileAttributeView(socket, PosixFileAttributeView.class)
                    .setGroup(socket.getFileSystem()
                            .getUserPrincipalLookupService()
                            .lookupPrincipalByGroupName(group));
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw----"));
        } catch (IOException e) {
            throw new IOException("socket %s cannot be given to group %s: %s".formatted(socket, group, e), e);
        }
    }
}
