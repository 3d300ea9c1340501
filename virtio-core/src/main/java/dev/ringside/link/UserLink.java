package dev.ringside.link;

import dev.ringside.linux.LinuxException;
import dev.ringside.linux.UnixSocket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The host's network without any right on the host: passt(1), started beside us and ended with us, at the other end of a
 * stream. It gives the guest an address by DHCP, and makes ordinary sockets of its connections.
 */
final class UserLink implements Link {
    private static final String PROGRAM = "passt";
    private static final int PATIENCE_MILLIS = 5000;
    private static final int POLL_MILLIS = 10;

    private @Nullable Path directory;
    private @Nullable Process process;

    @Override
    public String name() {
        return "user";
    }

    @Override
    public synchronized Port attach(Nic nic) throws IOException {
        if (process != null) {
            throw new IOException("user: only one NIC can be plugged into it");
        }
        Path made = Files.createTempDirectory("ringside-passt");
        directory = made;
        Path socket = made.resolve("socket");
        Path log = made.resolve("log");
        Process started;
        try {
            // It ends with its first connection, so also when this process is killed.
            started = new ProcessBuilder(PROGRAM, "--foreground", "--one-off", "--socket", socket.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
        } catch (IOException e) {
            close();
            throw new IOException(
                    "link=user needs the program passt (package passt), which does not start: " + e.getMessage(), e);
        }
        process = started;
        started.getOutputStream().close();
        try {
            UnixSocket connected = connect(started, socket, log);
            return new StreamPort(name(), nic.pairs(), new StreamPeer.Connecting(socket, connected));
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    /** Connects as soon as passt listens. */
    private static UnixSocket connect(Process passt, Path socket, Path log) throws IOException {
        try {
            for (int waited = 0; waited < PATIENCE_MILLIS; waited += POLL_MILLIS) {
                try {
                    return UnixSocket.connect(socket);
                } catch (LinuxException e) {
                    // Not yet.
                }
                if (passt.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
                    throw new IOException("link=user: passt has ended: " + lastLine(log));
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new IOException("link=user: passt does not listen after " + PATIENCE_MILLIS + " ms");
    }

    private static String lastLine(Path log) throws IOException {
        String text = Files.readString(log, StandardCharsets.UTF_8).strip();
        return text.substring(text.lastIndexOf('\n') + 1);
    }

    @Override
    public synchronized void close() {
        if (process != null) {
            process.destroy();
        }
        if (directory != null) {
            for (String name : new String[] {"socket", "socket.repair", "log", ""}) {
                try {
                    Files.deleteIfExists(directory.resolve(name));
                } catch (IOException e) {
                    // In /tmp, and empty.
                }
            }
        }
    }
}
