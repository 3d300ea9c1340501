package dev.ringside.testing;

import dev.ringside.device.VirtioDevice;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Engine;
import dev.ringside.vhostuser.VhostUserServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A back-end within this process: a device, a socket in a directory of its own, and three loops. Of those that serve
 * vrings one, that of the even vrings, sleeps as soon as it can, and one looks for work before.
 */
public final class TestServer implements AutoCloseable {
    private static final long POLL_NANOS = 20_000;

    private final Path directory;
    private final DeviceLoop control;
    private final List<DeviceLoop> vringLoops;
    private final VhostUserServer server;

    /** A back-end that does not listen yet. */
    public TestServer(VirtioDevice device, Engine engine) {
        try {
            directory = Files.createTempDirectory("ringside");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        control = DeviceLoop.start("test-control", engine);
        vringLoops =
                List.of(DeviceLoop.start("test-vring-0", engine), DeviceLoop.start("test-vring-1", engine, POLL_NANOS));
        server = new VhostUserServer(device, control, vringLoops);
    }

    /** A back-end that listens. */
    public static TestServer listening(VirtioDevice device, Engine engine) {
        TestServer server = new TestServer(device, engine);
        try {
            server.server().listen(server.socket());
        } catch (IOException e) {
            server.close();
            throw new AssertionError(e);
        }
        return server;
    }

    public VhostUserServer server() {
        return server;
    }

    /** Where it listens. */
    public Path socket() {
        return directory.resolve("vhost-user.sock");
    }

    /** The loop that control messages are handled on. */
    public DeviceLoop control() {
        return control;
    }

    /** One more front-end. */
    public FakeFrontEnd connect() {
        return FakeFrontEnd.connect(socket());
    }

    @Override
    public void close() {
        try {
            server.close().get(FakeFrontEnd.DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (Exception e) {
            throw new AssertionError("the server did not end", e);
        } finally {
            vringLoops.forEach(DeviceLoop::close);
            control.close();
            deleteDirectory();
        }
    }

    private void deleteDirectory() {
        try {
            Files.deleteIfExists(socket());
            Files.delete(directory);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
