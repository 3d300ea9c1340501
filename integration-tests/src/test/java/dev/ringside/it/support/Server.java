package dev.ringside.it.support;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** Sends the same to whoever connects to a port of this host's loopback. */
public final class Server implements AutoCloseable {
    private final ServerSocket socket;
    private final byte[] bytes;

    /** @param bytes not copied */
    public Server(byte[] bytes) throws IOException {
        this.bytes = bytes;
        socket = new ServerSocket(0, 5, InetAddress.ofLiteral("127.0.0.1"));
        Thread.ofPlatform().daemon().name("server").start(this::serve);
    }

    /** Where it listens. */
    public int port() {
        return socket.getLocalPort();
    }

    private void serve() {
        while (!socket.isClosed()) {
            try (Socket connection = socket.accept();
                    OutputStream out = connection.getOutputStream()) {
                out.write(bytes);
            } catch (IOException e) {
                // Closed, or the other side has lost interest: its own check finds that.
            }
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
