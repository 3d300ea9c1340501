package dev.ringside.channel;

import dev.ringside.fault.FaultLog;
import dev.ringside.linux.Errno;
import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.UnixSocket;
import dev.ringside.loop.DeviceLoop;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
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

        /**
         * Reads no more messages, for another process to go on; the peer is served all the same.
         *
         * @return what the other process has to be told beforehand; fails if that is not possible, and all goes on then
         */
        default CompletableFuture<List<Frame>> describe() {
            return CompletableFuture.failedFuture(new IOException("this device cannot be taken over"));
        }

        /**
         * Comes to rest, after {@link #describe}: nothing is in flight.
         *
         * @return what the other process has to be told then
         */
        default CompletableFuture<List<Frame>> suspend() {
            return CompletableFuture.failedFuture(new IOException("this device cannot be taken over"));
        }

        /** One more descriptor of the connection, after {@link #describe}. */
        default Fd duplicate() throws LinuxException {
            throw new LinuxException("takeover", Errno.EOPNOTSUPP);
        }

        /**
         * Goes on after {@link #describe} or {@link #suspend}; or begins, after {@link #replay}.
         *
         * @return completed when the peer is served; exceptionally, with an {@link IOException}, if the host does not allow
         *     that
         */
        default CompletableFuture<?> resume() {
            return CompletableFuture.completedFuture(null);
        }

        /**
         * Handles one of the messages that another process's {@link #describe} and {@link #suspend} have given.
         *
         * @param frame taken over
         */
        default CompletableFuture<?> replay(Frame frame) {
            frame.release();
            return CompletableFuture.failedFuture(new IOException("this device cannot be taken over"));
        }
    }

    /**
     * What another process needs to make itself ready to go on.
     *
     * @param listening the socket that peers are accepted on; {@code null} if there is none
     * @param connection to the present peer; {@code null} if there is none
     * @param state of the session with it
     */
    public record Description(
            @Nullable Fd listening, @Nullable Fd connection, List<Frame> state) implements AutoCloseable {
        @Override
        public void close() {
            if (listening != null) {
                listening.close();
            }
            if (connection != null) {
                connection.close();
            }
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(SocketServer.class);
    private static final long CONNECT_RETRY_MILLIS = 200;

    private final FaultLog faults = new FaultLog(LOG);

    private final String name;
    private final DeviceLoop loop;
    private final CompletableFuture<Void> finished = new CompletableFuture<>();

    private SocketAccess access = SocketAccess.OWNER;
    private @Nullable Acceptor acceptor;
    private @Nullable SocketName socketName;
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

    /**
     * Begins a session on a connection that another process has had: it says and reads nothing before {@link
     * Session#resume}. Called on the loop.
     *
     * @param connection taken over
     */
    protected Session openInherited(UnixSocket connection) throws IOException {
        throw new IOException(name + " cannot be taken over");
    }

    /** The present session, if there is one. On the loop. */
    protected final @Nullable Session session() {
        return session;
    }

    /** Where connections are made and sessions live. */
    protected final DeviceLoop loop() {
        return loop;
    }

    /** Says who may connect, before there is a socket to connect to. */
    public final void access(SocketAccess allowed) {
        access = allowed;
    }

    /**
     * Listens at a path, and removes it in the end, unless it is another's by then.
     *
     * @throws IOException with a message for the user, if the path is taken or not writable
     */
    public final void listen(Path path) throws IOException {
        UnixSocket socket = ListeningSocket.open(path);
        try {
            socketName = SocketName.of(path);
            access.applyTo(path);
        } catch (IOException e) {
            removeSocket();
            socket.close();
            throw e;
        }
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

    /**
     * Reads no more messages and accepts no more peers, for another process to go on; the present peer is served all the
     * same. From any thread.
     */
    public final CompletableFuture<Description> describe() {
        return loop.call(() -> {
                    if (acceptor != null) {
                        acceptor.pause();
                    }
                    Session present = session;
                    return present == null ? CompletableFuture.completedFuture(List.<Frame>of()) : present.describe();
                })
                .thenCompose(state -> state)
                .thenApplyAsync(this::description, loop)
                .whenCompleteAsync(
                        (done, failure) -> {
                            if (failure != null && acceptor != null) {
                                acceptor.resume();
                            }
                        },
                        loop);
    }

    private Description description(List<Frame> state) {
        try {
            return new Description(
                    acceptor == null ? null : acceptor.duplicate(),
                    session == null ? null : session.duplicate(),
                    state);
        } catch (LinuxException e) {
            throw new CompletionException(e);
        }
    }

    /**
     * Comes to rest, after {@link #describe}. From any thread.
     *
     * @return what the other process has to be told then
     */
    public final CompletableFuture<List<Frame>> suspend() {
        return loop.call(() -> {
                    Session present = session;
                    return present == null ? CompletableFuture.completedFuture(List.<Frame>of()) : present.suspend();
                })
                .thenCompose(words -> words);
    }

    /** Goes on after {@link #describe} or {@link #suspend}, for the other process does not. From any thread. */
    public final void resume() {
        loop.execute(() -> {
            if (session != null) {
                session.resume();
            }
            if (acceptor != null) {
                acceptor.resume();
            }
        });
    }

    /** Serves again after another process has gone on and failed: the present peer has to begin anew. From any thread. */
    public final void restart() {
        loop.execute(() -> {
            if (acceptor != null) {
                acceptor.resume();
            }
            if (session != null) {
                session.close();
            }
        });
    }

    /** Leaves the socket's path to another process, which goes on. From any thread. */
    public final void leave() {
        loop.execute(() -> socketName = null);
    }

    /**
     * Says where peers come from, without listening or connecting: another process's sockets are to be inherited.
     *
     * @param listenPath where the other process listens, if it does
     * @param toConnect where it connects to, if it does
     * @throws IOException if that path cannot be looked at
     */
    public final void prepare(@Nullable Path listenPath, @Nullable Path toConnect) throws IOException {
        socketName = listenPath == null ? null : SocketName.of(listenPath);
        connectPath = toConnect;
    }

    /**
     * Goes on with another process's sockets, which are taken over. From any thread; then come {@link #replay} and {@link
     * #begin}.
     */
    public final CompletableFuture<Void> inherit(@Nullable Fd listening, @Nullable Fd connection) {
        return loop.call(() -> {
            if (listening != null) {
                acceptor = new Acceptor(loop, UnixSocket.adopt(listening), this::admit);
            }
            if (connection != null) {
                Session opened = openInherited(UnixSocket.adopt(connection));
                session = opened;
                opened.ended().thenRun(this::sessionEnded);
            }
            return null;
        });
    }

    /** Has the inherited session handle one of the messages of {@link #describe} and {@link #suspend}, which is taken over. */
    public final CompletableFuture<Void> replay(Frame frame) {
        return loop.call(() -> {
                    Session present = session;
                    if (present == null) {
                        frame.release();
                        throw new IOException("messages for a session that is not there");
                    }
                    return present.replay(frame);
                })
                .thenCompose(done -> done)
                .thenApply(done -> null);
    }

    /**
     * All has been replayed: serves. From any thread.
     *
     * @return as of {@link Session#resume}
     */
    public final CompletableFuture<Void> begin() {
        return loop.call(() -> {
                    CompletableFuture<?> served = CompletableFuture.completedFuture(null);
                    if (session != null) {
                        served = session.resume();
                    } else if (acceptor != null) {
                        acceptor.acceptNext();
                    } else {
                        tryConnect();
                    }
                    return served;
                })
                .thenCompose(served -> served)
                .thenApply(served -> null);
    }

    private void accept(UnixSocket socket) {
        Acceptor made = new Acceptor(loop, socket, this::admit);
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
            admit(socket);
        } catch (LinuxException e) {
            if (!waitingForPeer) {
                waitingForPeer = true;
                LOG.info("{}: waiting for a front-end, {}", name, e.getMessage());
            }
            loop.schedule(this::tryConnect, CONNECT_RETRY_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private void admit(UnixSocket connection) {
        String who;
        try {
            int uid = connection.peerUid();
            if (access.allows(uid)) {
                serve(connection);
                return;
            }
            who = "user " + Integer.toUnsignedString(uid) + " may not connect";
        } catch (LinuxException e) {
            who = e.getMessage();
        }
        faults.warn(name, "sent a peer away, " + who);
        connection.close();
        sessionEnded();
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
            removeSocket();
            if (acceptor != null) {
                acceptor.close();
            }
            if (session == null) {
                finished.complete(null);
            } else {
                session.close();
            }
        });
        return finished;
    }

    private void removeSocket() {
        SocketName removed = socketName;
        socketName = null;
        if (removed != null) {
            try {
                removed.remove();
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
