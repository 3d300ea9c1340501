package dev.ringside.link;

import dev.ringside.linux.LinuxException;
import dev.ringside.linux.UnixSocket;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Where the connections of a stream link come from, one after the other. Not thread-safe. */
sealed interface StreamPeer extends AutoCloseable {
    /**
     * The next connection.
     *
     * @return the caller's from here on, or {@code null} if nobody is there at the moment
     */
    @Nullable
    UnixSocket next();

    @Override
    void close();

    /** We connect, and again whenever the other side has gone. */
    final class Connecting implements StreamPeer {
        private final Path path;
        private @Nullable UnixSocket first;

        /** @param first connected already; taken over */
        Connecting(Path path, UnixSocket first) {
            this.path = path;
            this.first = first;
        }

        @Override
        public @Nullable UnixSocket next() {
            UnixSocket connected = first;
            first = null;
            if (connected != null) {
                return connected;
            }
            try {
                return UnixSocket.connect(path);
            } catch (LinuxException e) {
                return null;
            }
        }

        @Override
        public void close() {
            if (first != null) {
                first.close();
            }
        }
    }

    /** The other side connects. */
    final class Listening implements StreamPeer {
        private final UnixSocket socket;

        /** @param socket listening; taken over */
        Listening(UnixSocket socket) {
            this.socket = socket;
        }

        @Override
        public @Nullable UnixSocket next() {
            try {
                return socket.accept();
            } catch (LinuxException e) {
                return null;
            }
        }

        @Override
        public void close() {
            socket.close();
        }
    }
}
