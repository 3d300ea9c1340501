package dev.ringside.it.support;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** An NBD server of the lab: started, killed and started again at the same place. */
public final class NbdServer implements AutoCloseable {
    private final List<String> command;
    private final String uri;
    private final Path backendSocket;
    private Child process;

    private NbdServer(List<String> command, String uri, Path backendSocket) throws Exception {
        this.command = command;
        this.uri = uri;
        this.backendSocket = backendSocket;
        start();
    }

    /** {@code qemu-nbd} serving an image as export {@code disk} at a Unix domain socket, with further options. */
    public static NbdServer qemuNbd(Path image, String format, String... options) throws Exception {
        Path socket = Path.of(image + ".nbd");
        List<String> command = new ArrayList<>(List.of(Lab.program("qemu-nbd"), "--persistent", "--format=" + format));
        command.addAll(List.of("--socket=" + socket, "--export-name=disk"));
        command.addAll(List.of(options));
        command.add(image.toString());
        return new NbdServer(command, "nbd+unix:///disk?socket=" + socket, Backend.socketOf(image));
    }

    /** {@code nbdkit} at a Unix domain socket in a directory, with a plugin, filters and their parameters. */
    public static NbdServer nbdkit(Path directory, String... arguments) throws Exception {
        Path socket = directory.resolve("nbdkit.nbd");
        List<String> command = new ArrayList<>(List.of(Lab.program("nbdkit"), "--foreground", "--unix=" + socket));
        command.addAll(Arrays.asList(arguments));
        return new NbdServer(command, "nbd+unix:///?socket=" + socket, directory.resolve("nbdkit.sock"));
    }

    /** The same at a TCP port. */
    public static NbdServer nbdkitOverTcp(Path directory, String... arguments) throws Exception {
        int port = freePort();
        List<String> command = new ArrayList<>(List.of(Lab.program("nbdkit"), "--foreground", "--port=" + port));
        command.add("--ipaddr=127.0.0.1");
        command.addAll(Arrays.asList(arguments));
        return new NbdServer(command, "nbd://127.0.0.1:" + port + "/", directory.resolve("nbdkit.sock"));
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    /** Where it is, for {@code --blk-file}. */
    public String uri() {
        return uri;
    }

    /** Starts it again. */
    public void start() throws Exception {
        process = Child.start("NBD server", command);
        Await.until("an NBD server answers at " + uri, this::isThere);
    }

    private boolean isThere() throws InterruptedException {
        if (!process.isAlive()) {
            throw new AssertionError("the NBD server has ended: " + process.finish());
        }
        return QemuTools.img("info", "--format=raw", uri).status() == 0;
    }

    /** Ends it as a crash would. */
    public void kill() throws IOException {
        process.kill();
        if (uri.contains("socket=")) {
            Files.deleteIfExists(Path.of(uri.substring(uri.indexOf('=') + 1)));
        }
    }

    /** Serves its export with further options. */
    public Backend serve(String... options) throws InterruptedException {
        return Backend.serveAt(backendSocket, uri, options);
    }

    @Override
    public void close() throws IOException {
        kill();
    }
}
