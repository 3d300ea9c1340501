package dev.ringside.app;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.ringside.device.VirtioDevice;
import dev.ringside.linux.Fd;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Engine;
import dev.ringside.vhostuser.VhostUserServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import sun.misc.Signal;

/**
 * A vhost-user back-end as a program. Subclasses add the device's options and make the device; this class finds the
 * front-end, runs the loops and ends in order: at once with a message and status 1 if it cannot start, with 2 if the
 * command line is wrong, and with 0 within a second of SIGTERM or SIGINT.
 */
public abstract class BackendCommand implements Callable<Integer> {
    private static final org.slf4j.Logger LOG = LoggerFactory.getLogger(BackendCommand.class);
    /** Of the second in which a program should end, what draining may take; the rest is for ending the JVM. */
    private static final long DRAIN_MILLIS = 700;

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Option(
            names = "--socket-path",
            paramLabel = "PATH",
            description = "Listen for the front-end on this Unix domain socket.")
    private @Nullable Path socketPath;

    @Option(
            names = "--fd",
            paramLabel = "FDNUM",
            description = "Use this inherited file descriptor: a listening or a connected Unix domain socket.")
    private @Nullable Integer fd;

    @Option(
            names = "--connect",
            paramLabel = "PATH",
            description = "Connect to a front-end that listens on this socket (QEMU chardev with server=on),"
                    + " as soon as it is there and again whenever it has gone.")
    private @Nullable Path connect;

    @Option(
            names = "--print-capabilities",
            description = "Print what this program can do as JSON, for management software, and exit.")
    private boolean printCapabilities;

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "1",
            description = "Threads that serve queues, which are spread over them (default: ${DEFAULT-VALUE}).")
    private int threads;

    @Option(
            names = "--engine",
            paramLabel = "NAME",
            description = "How to do I/O: io_uring, or epoll with a thread pool (default: the first that the kernel"
                    + " allows).")
    private @Nullable String engineName;

    @Option(
            names = {"-v", "--verbose"},
            description = "Log connections; twice: every message.")
    private boolean[] verbose = {};

    /**
     * Runs a program and ends the process with its status.
     *
     * @param command what to run
     * @param arguments of the command line
     */
    protected static void main(BackendCommand command, String... arguments) {
        System.exit(new CommandLine(command)
                .setParameterExceptionHandler(BackendCommand::usageError)
                .setExecutionExceptionHandler(BackendCommand::failure)
                .execute(arguments));
    }

    private static int usageError(ParameterException e, String[] arguments) {
        CommandLine line = e.getCommandLine();
        line.getErr().println(line.getCommandName() + ": " + e.getMessage() + " (see --help)");
        return line.getCommandSpec().exitCodeOnInvalidInput();
    }

    private static int failure(Exception e, CommandLine line, CommandLine.ParseResult result) {
        if (e instanceof IOException) {
            line.getErr().println(line.getCommandName() + ": " + e.getMessage());
        } else {
            line.getErr().println(line.getCommandName() + ": internal error, please report it");
            e.printStackTrace(line.getErr());
        }
        return line.getCommandSpec().exitCodeOnExecutionException();
    }

    /** The JSON that {@code --print-capabilities} prints. */
    protected abstract String capabilities();

    /**
     * Makes the device that the options describe.
     *
     * @throws IOException with a message for the user
     */
    protected abstract VirtioDevice createDevice() throws IOException;

    /** Gives up what the device holds of the host, after its last queue has stopped. */
    protected abstract void releaseDevice(VirtioDevice device);

    /** A complaint about the command line. */
    protected final ParameterException misuse(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    @Override
    public final Integer call() throws IOException {
        if (printCapabilities) {
            spec.commandLine().getOut().println(capabilities());
            return 0;
        }
        if ((socketPath == null ? 0 : 1) + (fd == null ? 0 : 1) + (connect == null ? 0 : 1) != 1) {
            throw misuse("exactly one of --socket-path, --fd and --connect is needed");
        }
        if (threads < 1 || threads > 256) {
            throw misuse("--threads must be 1 to 256, not " + threads);
        }
        setLogLevel();
        Engine engine = chooseEngine();
        VirtioDevice device = createDevice();
        try {
            serve(device, engine);
        } finally {
            releaseDevice(device);
        }
        return 0;
    }

    private void setLogLevel() {
        Logger root = (Logger) LoggerFactory.getLogger("dev.ringside");
        switch (verbose.length) {
            case 0 -> {}
            case 1 -> root.setLevel(Level.DEBUG);
            default -> root.setLevel(Level.TRACE);
        }
    }

    private Engine chooseEngine() throws IOException {
        if (engineName == null) {
            return Engine.best();
        }
        Engine engine = switch (engineName) {
            case "io_uring" -> Engine.IO_URING;
            case "epoll" -> Engine.EPOLL;
            default -> throw misuse("--engine must be io_uring or epoll, not " + engineName);
        };
        if (!engine.isAvailable()) {
            throw new IOException("--engine=" + engineName + ": the kernel refuses it here");
        }
        return engine;
    }

    private void serve(VirtioDevice device, Engine engine) throws IOException {
        List<DeviceLoop> loops = new ArrayList<>();
        DeviceLoop control = DeviceLoop.start("control", engine);
        try {
            for (int i = 0; i < threads; i++) {
                loops.add(DeviceLoop.start("device-" + i, engine));
            }
            VhostUserServer server = new VhostUserServer(device, control, loops);
            if (socketPath != null) {
                server.listen(socketPath);
            } else if (connect != null) {
                server.connect(connect);
            } else if (fd != null) {
                server.adopt(new Fd(fd));
            }
            LOG.info("{}: ready, {}", device.name(), engine);
            awaitEnd(server);
        } finally {
            loops.forEach(DeviceLoop::close);
            control.close();
        }
    }

    private static void awaitEnd(VhostUserServer server) {
        CompletableFuture<Void> signalled = new CompletableFuture<>();
        for (String name : List.of("TERM", "INT")) {
            Signal.handle(new Signal(name), signal -> signalled.complete(null));
        }
        CompletableFuture.anyOf(signalled, server.finished()).join();
        try {
            server.close().get(DRAIN_MILLIS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            LOG.warn("requests are still in flight after {} ms; ending without them", DRAIN_MILLIS);
        } catch (Exception e) {
            LOG.error("unexpected failure at the end", e);
        }
    }
}
