package dev.ringside.channel;

import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.UnixSocket;
import dev.ringside.loop.DeviceLoop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves one peer after another, over a socket that it listens on, connects to, or is handed. The next peer is accepted
 * when nothing of the last is left; until then it waits in the socket's backlog.
 */
public abstract class SocketServer {
    /** One peer's stay. Used on the server's loop. */
    public interface Session {
        /** Completed on the loop when the peer has gone and nothing of it is left. */
        CompletableFuture<Void> ended();

        /** Sends the peer away. */
        void close();
    }

    private static final Logger LOG = LoggerFactory.getLogger(SocketServer.class);
    private static final long CONNECT_RETRY_MILLIS = 200;

    private final String name;
    private final DeviceLoop loop;
    private final CompletableFuture<Void> finished = new CompletableFuture<>();

    private @Nullable Acceptor acceptor;
    private @Nullable Path socketPath;
    private @Nullable Path connectPath;
    private @Nullable Session session;
    private boolean closing;
    private boolean waitingForPeer;

    /**
     * @param name for log lines: what is served
     * @param loop where connections are made and sessions live
     */
    protected SocketServer(String name, DeviceLoop loop) {
        this.name = name;
        this.loop = loop;
    }

    /**
     * Begins a session on a connection. Called on the loop.
     *
     * @param connection taken over
     */
    protected abstract Session open(UnixSocket connection);

    /** The present session, if there is one. On the loop. */
    protected final @Nullable Session session() {
        return session;
    }

    /** Where connections are made and sessions live. */
    protected final DeviceLoop loop() {
        return loop;
    }

    /**
     * Listens at a path, and removes it in the end.
     *
     * @throws IOException with a message for the user, if the path is taken or not writable
     */
    public final void listen(Path path) throws IOException {
        UnixSocket socket = ListeningSocket.open(path);
        socketPath = path;
        loop.execute(() -> accept(socket));
    }

    /**
     * Serves a socket that was inherited: listening, or connected already.
     *
     * @param fd taken over
     * @throws LinuxException if it is not a socket
     */
    public final void adopt(Fd fd) throws LinuxException {
        UnixSocket socket = UnixSocket.adopt(fd);
        if (socket.isListening()) {
            loop.execute(() -> accept(socket));
        } else {
            loop.execute(() -> serve(socket));
        }
    }

    /**
     * Connects to a peer that listens, as soon as it is there, and again whenever it has gone.
     *
     * @throws IOException with a message for the user, if the path is none
     */
    public final void connect(Path path) throws IOException {
        ListeningSocket.checkLength(path);
        connectPath = path;
        loop.execute(this::tryConnect);
    }

    private void accept(UnixSocket socket) {
        Acceptor made = new Acceptor(loop, socket, this::serve);
        acceptor = made;
        made.acceptNext();
    }

    private void tryConnect() {
        Path path = connectPath;
        if (closing || path == null) {
            return;
        }
        try {
            UnixSocket socket = UnixSocket.connect(path);
            waitingForPeer = false;
            serve(socket);
        } catch (LinuxException e) {
            if (!waitingForPeer) {
                waitingForPeer = true;
                LOG.info("{}: waiting for a front-end, {}", name, e.getMessage());
            }
            loop.schedule(this::tryConnect, CONNECT_RETRY_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private void serve(UnixSocket connection) {
        if (closing) {
            connection.close();
            return;
        }
        Session opened = open(connection);
        session = opened;
        opened.ended().thenRun(this::sessionEnded);
    }

    private void sessionEnded() {
        session = null;
        if (closing) {
            finished.complete(null);
        } else if (acceptor != null) {
            acceptor.acceptNext();
        } else if (connectPath != null) {
            loop.schedule(this::tryConnect, CONNECT_RETRY_MILLIS, TimeUnit.MILLISECONDS);
        } else {
            finished.complete(null);
        }
    }

    /** Completed when there is nothing more to serve: after {@link #close}, or when an inherited connection ends. */
    public final CompletableFuture<Void> finished() {
        return finished;
    }

    /**
     * Ends the service: no further peer, and the present one is sent away. From any thread.
     *
     * @return {@link #finished}
     */
    public final CompletableFuture<Void> close() {
        loop.execute(() -> {
            closing = true;
            if (acceptor != null) {
                acceptor.close();
            }
            removeSocket();
            if (session == null) {
                finished.complete(null);
            } else {
                session.close();
            }
        });
        return finished;
    }

    private void removeSocket() {
        Path path = socketPath;
        socketPath = null;
        if (path != null) {
            try {
                Files.deleteIfExists(path);
            } catch (IOException e) {
                LOG.warn("{}: socket stays behind, {}", name, e.getMessage());
            }
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
