package dev.ringside.app;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.ringside.channel.SocketServer;
import dev.ringside.loop.Engine;
import dev.ringside.metrics.Metrics;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;
import sun.misc.Signal;

/**
 * A back-end program. It opens the devices that its command line describes, serves them, and ends in order: at once
 * with a message and status 1 if it cannot start, with 2 if the command line is wrong, and with 0 within a second of
 * SIGTERM or SIGINT. Subclasses say what kind of device they serve.
 */
public abstract class BackendCommand implements Callable<Integer> {
    private static final org.slf4j.Logger LOG = LoggerFactory.getLogger(BackendCommand.class);

    /** Of the second in which a program should end, what draining may take; the rest is for ending the JVM. */
    private static final long DRAIN_MILLIS = 700;

    /** Help lists the device's options first, then those of the program in this order. */
    private static final int DEVICE_ORDER = 100;

    private static final int THREADS_ORDER = 101;
    private static final int POLL_ORDER = 102;
    private static final int ENGINE_ORDER = 103;
    private static final int METRICS_ORDER = 104;
    /** By which a new process is told that it takes over from the one that has started it. */
    static final String TAKEOVER = "--takeover";

    private static final int VERBOSE_ORDER = 110;
    private static final int CAPABILITIES_ORDER = 111;

    private final Supplier<? extends DeviceOptions> newOptions;
    private final DeviceOptions singleDevice;

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Option(
            names = "--device",
            order = DEVICE_ORDER,
            paramLabel = "KEY=VALUE,...",
            description = "One device of several: the options above without their dashes, separated by commas; a comma"
                    + " in a value is doubled. Repeatable, instead of the options above.")
    private List<String> devices = new ArrayList<>();

    @Option(
            names = "--threads",
            order = THREADS_ORDER,
            paramLabel = "N",
            defaultValue = "1",
            description = "Threads that serve queues, which are spread over them (default: ${DEFAULT-VALUE}).")
    private int threads;

    @Option(
            names = "--poll-us",
            order = POLL_ORDER,
            paramLabel = "MICROSECONDS",
            defaultValue = "32",
            description = "Before a thread sleeps, look for work for up to this long, if that has paid lately; 0 for"
                    + " never (default: ${DEFAULT-VALUE}).")
    private int pollMicros;

    @Option(
            names = "--engine",
            order = ENGINE_ORDER,
            paramLabel = "NAME",
            description = "How to do I/O: io_uring, or epoll with a thread pool (default: the first that the kernel"
                    + " allows).")
    private @Nullable String engineName;

    @Option(
            names = "--metrics",
            order = METRICS_ORDER,
            paramLabel = "[ADDR:]PORT",
            description = "Serve counts and latencies as Prometheus text at http://ADDR:PORT/metrics (default address:"
                    + " loopback).")
    private @Nullable String metricsAddress;

    @Option(
            names = {"-v", "--verbose"},
            order = VERBOSE_ORDER,
            description = "Log connections; twice: every message.")
    private boolean[] verbose = {};

    @Option(names = TAKEOVER, hidden = true)
    private @Nullable Path takeover;

    @Option(
            names = "--print-capabilities",
            order = CAPABILITIES_ORDER,
            description = "Print what this program can do as JSON, for management software, and exit.")
    private boolean printCapabilities;

    /** @param newOptions makes the options of one device, with their defaults */
    protected BackendCommand(Supplier<? extends DeviceOptions> newOptions) {
        this.newOptions = newOptions;
        this.singleDevice = newOptions.get();
    }

    /** The JSON that {@code --print-capabilities} prints. */
    protected abstract String capabilities();

    /**
     * Runs the program and ends the process with its status.
     *
     * @param arguments of the command line
     */
    protected final void runAndExit(String... arguments) {
        System.exit(commandLine(this)
                .addMixin("device", singleDevice)
                .setParameterExceptionHandler(BackendCommand::usageError)
                .setExecutionExceptionHandler(BackendCommand::failure)
                .execute(arguments));
    }

    private static CommandLine commandLine(Object command) {
        return new CommandLine(command)
                .registerConverter(boolean.class, new OnOff())
                .registerConverter(Boolean.class, new OnOff());
    }

    private static int usageError(ParameterException e, String[] arguments) {
        CommandLine line = e.getCommandLine();
        line.getErr().println(line.getCommandName() + ": " + e.getMessage() + " (see --help)");
        return line.getCommandSpec().exitCodeOnInvalidInput();
    }

    private static int failure(Exception e, CommandLine line, ParseResult result) {
        if (e instanceof IOException) {
            line.getErr().println(line.getCommandName() + ": " + e.getMessage());
        } else {
            line.getErr().println(line.getCommandName() + ": internal error, please report it");
            e.printStackTrace(line.getErr());
        }
        return line.getCommandSpec().exitCodeOnExecutionException();
    }

    @Override
    public final Integer call() throws IOException {
        if (printCapabilities) {
            spec.commandLine().getOut().println(capabilities());
            return 0;
        }
        List<DeviceOptions> options;
        InetSocketAddress metricsSocket;
        try {
            options = deviceOptions();
            if (pollMicros < 0 || pollMicros > 1_000_000) {
                throw new InvalidOptions("--poll-us must be 0 to 1000000, not " + pollMicros);
            }
            metricsSocket = metricsAddress == null ? null : PrometheusMetrics.parse(metricsAddress);
            if (threads < 1 || threads > 256) {
                throw new InvalidOptions("--threads must be 1 to 256, not " + threads);
            }
        } catch (InvalidOptions e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        setLogLevel();
        Engine engine = chooseEngine();
        if (metricsSocket == null) {
            serve(options, engine, Metrics.NONE);
        } else {
            try (PrometheusMetrics metrics = new PrometheusMetrics(metricsSocket)) {
                serve(options, engine, metrics);
            }
        }
        return 0;
    }

    private List<DeviceOptions> deviceOptions() throws InvalidOptions {
        if (devices.isEmpty()) {
            singleDevice.check();
            return List.of(singleDevice);
        }
        ParseResult parsed = spec.commandLine().getParseResult();
        for (OptionSpec option : CommandSpec.forAnnotatedObject(singleDevice).options()) {
            if (parsed.hasMatchedOption(option.longestName())) {
                throw new InvalidOptions(option.longestName() + " and --device exclude each other");
            }
        }
        List<DeviceOptions> all = new ArrayList<>();
        for (String device : devices) {
            all.add(parseDevice(device));
        }
        return all;
    }

    private DeviceOptions parseDevice(String device) throws InvalidOptions {
        DeviceOptions options = newOptions.get();
        String[] arguments = KeyValues.split(device).stream()
                .map(property -> "--" + property)
                .toArray(String[]::new);
        try {
            commandLine(options).parseArgs(arguments);
            options.check();
            return options;
        } catch (ParameterException | InvalidOptions e) {
            throw new InvalidOptions("--device=" + device + ": " + e.getMessage());
        }
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
            default ->
                throw new ParameterException(
                        spec.commandLine(), "--engine must be io_uring or epoll, not " + engineName);
        };
        if (!engine.isAvailable()) {
            throw new IOException("--engine=" + engineName + ": the kernel refuses it here");
        }
        return engine;
    }

    private void serve(List<DeviceOptions> options, Engine engine, Metrics metrics) throws IOException {
        List<SocketServer> servers = new ArrayList<>();
        BlockingQueue<Wish> wishes = wishes();
        Signal.handle(new Signal("HUP"), signal -> options.forEach(DeviceOptions::reload));
        try (Loops loops = new Loops(engine, threads, TimeUnit.MICROSECONDS.toNanos(pollMicros), metrics)) {
            serve(options, servers, loops, wishes);
        }
    }

    /** What the program may be asked for from outside, besides serving. */
    private enum Wish {
        END,
        HAND_OVER
    }

    private void serve(List<DeviceOptions> options, List<SocketServer> servers, Loops loops, BlockingQueue<Wish> wishes)
            throws IOException {
        boolean handedOver = false;
        try {
            if (takeover == null) {
                open(options, servers, loops);
            } else {
                Handover.fromOldProcess(takeover, options, servers, loops);
            }
            allFinished(servers).thenRun(() -> wishes.add(Wish.END));
            while (!handedOver && wishes.take() == Wish.HAND_OVER) {
                handedOver = Handover.toNewProcess(options, servers, loops);
            }
            options.forEach(device -> LOG.info("{}", device.summary()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            if (!handedOver && closeAll(servers)) {
                options.forEach(DeviceOptions::release);
            }
            // If not, something may still use what would be released: the end of the process does it.
        }
    }

    private static void open(List<DeviceOptions> options, List<SocketServer> servers, Loops loops) throws IOException {
        for (DeviceOptions device : options) {
            SocketServer server = device.createServer(loops);
            servers.add(server);
            device.connectTo(server);
            LOG.info("{}: ready", server);
        }
    }

    private static BlockingQueue<Wish> wishes() {
        BlockingQueue<Wish> wishes = new LinkedBlockingQueue<>();
        for (String name : List.of("TERM", "INT")) {
            Signal.handle(new Signal(name), signal -> wishes.add(Wish.END));
        }
        Signal.handle(new Signal("USR2"), signal -> wishes.add(Wish.HAND_OVER));
        return wishes;
    }

    /** Returns whether nothing is left. */
    private static boolean closeAll(List<SocketServer> servers) {
        servers.forEach(SocketServer::close);
        try {
            allFinished(servers).get(DRAIN_MILLIS, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            LOG.warn("requests are still in flight after {} ms; ending without them", DRAIN_MILLIS);
        } catch (ExecutionException e) {
            LOG.error("unexpected failure at the end", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return false;
    }

    private static CompletableFuture<Void> allFinished(List<SocketServer> servers) {
        return CompletableFuture.allOf(
                servers.stream().map(SocketServer::finished).toArray(CompletableFuture[]::new));
    }
}
