package dev.ringside.channel;

import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.UnixSocket;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Interest;
import dev.ringside.loop.Watch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Accepts connections one at a time: the next only when asked for, so that further front-ends wait in the kernel's
 * backlog. Used on its loop only, except for the constructor.
 */
public final class Acceptor {
    private static final Logger LOG = LoggerFactory.getLogger(Acceptor.class);
    private static final long RETRY_SECONDS = 1;

    private final DeviceLoop loop;
    private final UnixSocket socket;
    private final Consumer<UnixSocket> accepted;
    private @Nullable Watch watch;
    private boolean wanted;
    private boolean retrying;
    private boolean closed;
    private boolean paused;

    /**
     * @param loop where connections are accepted
     * @param socket listening; taken over
     * @param accepted told of each connection, which it takes over
     */
    public Acceptor(DeviceLoop loop, UnixSocket socket, Consumer<UnixSocket> accepted) {
        this.loop = loop;
        this.socket = socket;
        this.accepted = accepted;
    }

    /**
     * Accepts one more connection, at the end of this turn or when it comes. Not at once: who turns a connection away
     * asks for the next from within, and peers that come as fast as they are turned away would fill the stack, and keep
     * the loop from all else.
     */
    public void acceptNext() {
        if (closed) {
            return;
        }
        wanted = true;
        if (watch == null) {
            watch = loop.watch(socket.fd(), Interest.READ, this::accept);
        }
        loop.atEndOfTurn(this::accept);
    }

    private void accept() {
        if (!wanted || closed || paused) {
            return;
        }
        try {
            UnixSocket connection = socket.accept();
            if (connection != null) {
                wanted = false;
                accepted.accept(connection);
            }
        } catch (LinuxException e) {
            // Out of descriptors, most likely: the connection stays in the backlog.
            if (!retrying) {
                retrying = true;
                LOG.warn("{}; trying again in {} s", e.getMessage(), RETRY_SECONDS);
                loop.schedule(this::retry, RETRY_SECONDS, TimeUnit.SECONDS);
            }
        }
    }

    private void retry() {
        retrying = false;
        accept();
    }

    /** Accepts nothing until {@link #resume}. */
    public void pause() {
        paused = true;
    }

    /** Accepts again. */
    public void resume() {
        paused = false;
        accept();
    }

    /** One more descriptor of the listening socket. */
    public Fd duplicate() throws LinuxException {
        return socket.fd().duplicate();
    }

    /** Accepts no more and closes the listening socket. */
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (watch == null) {
            socket.close();
        } else {
            watch.close(socket::close);
        }
    }
}
