package dev.ringside.bench.guest;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import jnr.unixsocket.UnixSocketAddress;
import jnr.unixsocket.UnixSocketChannel;

/** Text over a Unix socket of QEMU's, read without ever waiting. Of one thread. */
final class LineSocket implements AutoCloseable {
    private static final int CHUNK = 1 << 16;

    private final UnixSocketChannel channel;
    private final ByteBuffer chunk = ByteBuffer.allocate(CHUNK);

    /** @param path of a socket that is listened on */
    LineSocket(Path path) throws IOException {
        channel = UnixSocketChannel.open(new UnixSocketAddress(path.toFile()));
        channel.configureBlocking(false);
    }

    void say(String line) throws IOException, InterruptedException {
        ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            if (channel.write(bytes) == 0) {
                Thread.sleep(1);
            }
        }
    }

    /** Adds what has come meanwhile. */
    void readInto(StringBuilder text) throws IOException {
        // What is cut in the middle of a character would be lost: what comes is ASCII.
        for (chunk.clear(); channel.read(chunk) > 0; chunk.clear()) {
            text.append(StandardCharsets.ISO_8859_1.decode(chunk.flip()));
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
