package dev.ringside.app;

import dev.ringside.channel.SocketAccess;
import dev.ringside.channel.SocketServer;
import dev.ringside.linux.Fd;
import dev.ringside.vhostuser.Rehearsal;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The options of one device: where its front-end is, and in subclasses what it serves. The same options make up the
 * command line of a program with one device, and each {@code --device} of a program with several.
 */
public abstract class DeviceOptions {
    @Option(
            names = "--socket-path",
            paramLabel = "PATH",
            description = "Listen for the front-end on this Unix domain socket.")
    private @Nullable Path socketPath;

    @Option(
            names = "--fd",
            paramLabel = "FDNUM",
            description = "Use this inherited file descriptor: a listening or a connected Unix domain socket.")
    private @Nullable Integer fd;

    @Option(
            names = "--connect",
            paramLabel = "PATH",
            description = "Connect to a front-end that listens on this socket (QEMU chardev with server=on),"
                    + " as soon as it is there and again whenever it has gone.")
    private @Nullable Path connect;

    @Option(
            names = "--socket-group",
            paramLabel = "GROUP",
            description =
                    "Let this group connect to the socket as well as its owner (mode 0660); otherwise its mode is 0600.")
    private @Nullable String socketGroup;

    @Option(
            names = "--allow-uid",
            paramLabel = "UID",
            split = ",",
            description = "Serve only front-ends of these users (SO_PEERCRED), whoever the socket's path lets in.")
    private Set<Integer> allowedUids = Set.of();

    /** Checks the options, before anything is opened. Subclasses add their own checks and call this one. */
    protected void check() throws InvalidOptions {
        if ((socketPath == null ? 0 : 1) + (fd == null ? 0 : 1) + (connect == null ? 0 : 1) != 1) {
            throw new InvalidOptions("exactly one of --socket-path, --fd and --connect is needed");
        }
        if (socketGroup != null && socketPath == null) {
            throw new InvalidOptions("--socket-group needs --socket-path");
        }
        if (fd != null && fd < 0) {
            throw new InvalidOptions("--fd must be the number of a file descriptor, not " + fd);
        }
    }

    /**
     * Makes the device, and a server for it that has no socket yet.
     *
     * @throws IOException with a message for the user
     */
    protected abstract SocketServer createServer(Loops loops) throws IOException;

    /**
     * With what another process can open the device while this one still serves it. From any thread.
     *
     * @return descriptors, which the caller closes, perhaps none; {@code null} if the other cannot before this one has
     *     done {@link #release}
     */
    protected @Nullable List<Fd> shareWithAnother() throws IOException {
        return null;
    }

    /**
     * The same as {@link #createServer} while another process still serves the device, and is about to hand it over.
     *
     * @param shared what that one's {@link #shareWithAnother} has given; taken over
     */
    protected SocketServer createServerBesideAnother(Loops loops, List<Fd> shared) throws IOException {
        shared.forEach(Fd::close);
        throw new IOException("a device of this kind is not served by two processes at a time");
    }

    /**
     * A session with a device of the same type that needs nothing of the host.
     *
     * @return {@code null} if there is none
     */
    protected @Nullable Rehearsal createRehearsal(Loops loops) throws IOException {
        return null;
    }

    final void prepare(SocketServer server) throws IOException {
        server.access(new SocketAccess(socketGroup, allowedUids));
        server.prepare(socketPath, connect);
    }

    /** One line about what the device has done, for the log at the end. */
    protected abstract String summary();

    /** SIGHUP: looks again at what the host may have changed. From any thread. */
    protected void reload() {}

    /**
     * Gives up what {@link #createServer} took from the host, after the server has finished, or its queues have come to
     * rest for good because another process goes on.
     */
    protected abstract void release();

    /** Where the front-end is, as the user put it: no two devices of a program are at the same place. */
    protected final String endpoint() {
        if (socketPath != null) {
            return socketPath.toString();
        }
        return connect != null ? connect.toString() : "fd " + fd;
    }

    final void connectTo(SocketServer server) throws IOException {
        server.access(new SocketAccess(socketGroup, allowedUids));
        if (socketPath != null) {
            server.listen(socketPath);
        } else if (connect != null) {
            server.connect(connect);
        } else if (fd != null) {
            server.adopt(new Fd(fd));
        }
    }
}
