package dev.ringside.link;

import dev.ringside.channel.ListeningSocket;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.UnixSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Unix domain socket on which frames go, each behind its length, as QEMU's {@code -netdev stream} has it: to passt,
 * to another QEMU, to another Ringside. Connects if somebody listens at the path, and listens there otherwise.
 */
final class StreamLink implements Link {
    private static final Logger LOG = LoggerFactory.getLogger(StreamLink.class);

    private final String name;
    private final Path path;
    private final AtomicBoolean attached = new AtomicBoolean();
    private volatile boolean listening;

    StreamLink(String name, Path path) {
        this.name = name;
        this.path = path;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Port attach(Nic nic) throws IOException {
        if (attached.getAndSet(true)) {
            throw new IOException(name + ": only one NIC can be plugged into it");
        }
        try {
            return new StreamPort(name, nic.pairs(), new StreamPeer.Connecting(path, UnixSocket.connect(path)));
        } catch (LinuxException e) {
            LOG.debug("{}: nobody listens, {}", name, e.getMessage());
        } catch (IllegalArgumentException e) {
            throw new IOException(name + ": " + e.getMessage(), e);
        }
        try {
            UnixSocket socket = ListeningSocket.open(path);
            listening = true;
            return new StreamPort(name, nic.pairs(), new StreamPeer.Listening(socket));
        } catch (IOException e) {
            throw new IOException(name + ": nobody listens there, and: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        try {
            if (listening) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            LOG.warn("{}: socket stays behind, {}", name, e.getMessage());
        }
    }
}
