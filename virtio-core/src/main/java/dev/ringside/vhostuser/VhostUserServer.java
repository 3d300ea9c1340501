package dev.ringside.vhostuser;

import dev.ringside.channel.Acceptor;
import dev.ringside.channel.FdChannel;
import dev.ringside.channel.ListeningSocket;
import dev.ringside.device.VirtioDevice;
import dev.ringside.fault.FaultLog;
import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.UnixSocket;
import dev.ringside.loop.DeviceLoop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves one device to one front-end after another, over a socket that it listens on, connects to, or is handed. The
 * next front-end is accepted when nothing of the last is left; until then it waits in the socket's backlog.
 */
public final class VhostUserServer {
    private static final Logger LOG = LoggerFactory.getLogger(VhostUserServer.class);
    private static final long CONNECT_RETRY_MILLIS = 200;

    private final VirtioDevice device;
    private final DeviceLoop loop;
    private final List<DeviceLoop> vringLoops;
    private final FaultLog faults = new FaultLog(LOG);
    private final CompletableFuture<Void> finished = new CompletableFuture<>();

    private @Nullable Acceptor acceptor;
    private @Nullable Path socketPath;
    private @Nullable Path connectPath;
    private @Nullable VhostUserSession session;
    private @Nullable FdChannel channel;
    private boolean closing;
    private boolean waitingForFrontEnd;

    /**
     * @param device what to serve
     * @param loop where control messages are handled
     * @param vringLoops where queues run, spread over them; may contain {@code loop}
     */
    public VhostUserServer(VirtioDevice device, DeviceLoop loop, List<DeviceLoop> vringLoops) {
        this.device = device;
        this.loop = loop;
        this.vringLoops = List.copyOf(vringLoops);
        device.onConfigChange(() -> loop.execute(this::configChanged));
    }

    /**
     * Listens at a path, and removes it in the end.
     *
     * @throws IOException with a message for the user, if the path is taken or not writable
     */
    public void listen(Path path) throws IOException {
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
    public void adopt(Fd fd) throws LinuxException {
        UnixSocket socket = UnixSocket.adopt(fd);
        if (socket.isListening()) {
            loop.execute(() -> accept(socket));
        } else {
            loop.execute(() -> serve(socket));
        }
    }

    /** Connects to a front-end that listens, as soon as it is there, and again whenever it has gone. */
    public void connect(Path path) {
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
            waitingForFrontEnd = false;
            serve(socket);
        } catch (LinuxException e) {
            if (!waitingForFrontEnd) {
                waitingForFrontEnd = true;
                LOG.info("{}: waiting for a front-end, {}", device.name(), e.getMessage());
            }
            loop.schedule(this::tryConnect, CONNECT_RETRY_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private void serve(UnixSocket socket) {
        FdChannel connection = new FdChannel(loop, socket, new VhostUserFraming());
        VhostUserSession made = new VhostUserSession(device, loop, vringLoops, faults);
        session = made;
        channel = connection;
        connection.pipeline().addLast(made);
        made.ended().thenRun(this::sessionEnded);
        connection.open().addListener(registered -> {
            if (!registered.isSuccess()) {
                LOG.error("{}: connection not served", device.name(), registered.cause());
            }
        });
    }

    private void sessionEnded() {
        session = null;
        channel = null;
        if (closing) {
            finished.complete(null);
        } else if (acceptor != null) {
            acceptor.acceptNext();
        } else if (connectPath != null) {
            tryConnect();
        } else {
            finished.complete(null);
        }
    }

    private void configChanged() {
        if (session != null) {
            session.configChanged();
        }
    }

    /** Completed when there is nothing more to serve: after {@link #close}, or when an inherited connection ends. */
    public CompletableFuture<Void> finished() {
        return finished;
    }

    /**
     * Ends the service: no further front-end, the present one's queues drained and stopped. From any thread.
     *
     * @return {@link #finished}
     */
    public CompletableFuture<Void> close() {
        loop.execute(() -> {
            closing = true;
            if (acceptor != null) {
                acceptor.close();
            }
            removeSocket();
            if (channel == null) {
                finished.complete(null);
            } else {
                channel.close();
            }
        });
        return finished;
    }

    private void removeSocket() {
        if (socketPath != null) {
            try {
                Files.deleteIfExists(socketPath);
            } catch (IOException e) {
                LOG.warn("{}: socket stays behind, {}", device.name(), e.getMessage());
            }
        }
    }
}
