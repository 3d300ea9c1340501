package dev.ringside.vfiouser;

import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Engine;
import dev.ringside.metrics.Metrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A server of a {@link TestFunction} at a socket, and its loop. */
final class ServerFixture {
    final TestFunction function = new TestFunction();
    private final DeviceLoop loop = DeviceLoop.start("test", Engine.best());
    private final VfioUserServer server = new VfioUserServer(function, loop, Metrics.NONE, Map.of());
    private final Path socket;

    ServerFixture(Path directory) throws IOException {
        socket = directory.resolve("s");
        server.listen(socket);
    }

    /** A client that has not said anything yet. */
    TestClient connect() throws IOException {
        return new TestClient(socket);
    }

    /** A client past VERSION. */
    TestClient client() throws IOException {
        TestClient client = connect();
        client.negotiate();
        return client;
    }

    static long openFiles() throws IOException {
        return count("/proc/self/fd");
    }

    static long mappings() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.filter(line -> line.contains("memfd:vfio-user-test")).count();
        }
    }

    private static long count(String directory) throws IOException {
        try (Stream<Path> entries = Files.list(Path.of(directory))) {
            return entries.count();
        }
    }

    void close() throws Exception {
        server.close().get(5, TimeUnit.SECONDS);
        loop.close();
    }
}
