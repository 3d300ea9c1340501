package dev.ringside.it.support;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** {@code vhost-user-blk} or {@code vhost-user-net} as a user starts it, by the launcher. Closing it is a SIGTERM, which has to end it well. */
public final class Backend implements AutoCloseable {
    /** What is packaged is tested: the launcher shall build nothing. */
    static final Map<String, String> ENVIRONMENT =
            Map.of("RINGSIDE_NO_BUILD", "yes", "JAVA_HOME", System.getProperty("java.home"));

    private final Child process;
    private final Path socket;
    private boolean over;

    private Backend(Child process, Path socket, int devices) throws InterruptedException {
        this.process = process;
        this.socket = socket;
        try {
            for (int i = 0; i < devices; i++) {
                process.err().await(": ready");
            }
        } catch (Throwable e) {
            process.close();
            throw e;
        }
    }

    /** Serves an image at {@link #socketOf its socket}, with further options. */
    public static Backend serve(Path image, String... options) throws InterruptedException {
        Path socket = socketOf(image);
        return serveAt(socket, image.toString(), options);
    }

    /** Serves one or more devices, at the socket of the first and others, as {@code --device} describes them. */
    public static Backend serveAll(Path socket, List<String> devices, String... options) throws InterruptedException {
        Stream<String> arguments =
                Stream.concat(devices.stream().map(device -> "--device=" + device), Stream.of(options));
        return new Backend(start(arguments.toArray(String[]::new)), socket, devices.size());
    }

    /** Serves NICs, as {@code --device} describes them. */
    public static Backend nics(List<String> devices, String... options) throws InterruptedException {
        return new Backend(become(nicsCommand(devices, options)), Path.of(""), devices.size());
    }

    /** As the other of that name, with the host's network that of a namespace. */
    public static Backend nics(NetNamespace network, List<String> devices, String... options)
            throws InterruptedException {
        return new Backend(become(network.enter(nicsCommand(devices, options))), Path.of(""), devices.size());
    }

    /**
     * Runs {@code vhost-user-net} with a command line that ends it at once.
     *
     * @param entering words before it, such as those that change its rights
     */
    public static Result runNics(List<String> entering, String... arguments) throws InterruptedException {
        List<String> command = new ArrayList<>(entering);
        command.addAll(script("vhost-user-net", arguments));
        try (Child process = become(command)) {
            return process.finish();
        }
    }

    private static List<String> nicsCommand(List<String> devices, String... options) {
        return script(
                "vhost-user-net",
                Stream.concat(devices.stream().map(device -> "--device=" + device), Stream.of(options))
                        .toArray(String[]::new));
    }

    /** Serves an image to whoever listens at a socket, with further options. */
    public static Backend connect(Path socket, Path image, String... options) throws InterruptedException {
        return new Backend(start(arguments("--connect=" + socket, image.toString(), options)), socket, 1);
    }

    /** Serves by a backend that another program has started, such as one that hands it a socket. */
    public static Backend startedBy(List<String> command, Path socket) throws InterruptedException {
        return new Backend(become(command), socket, 1);
    }

    /** Serves anything at a socket, with further options. */
    public static Backend serveAt(Path socket, String blkFile, String... options) throws InterruptedException {
        return new Backend(start(arguments("--socket-path=" + socket, blkFile, options)), socket, 1);
    }

    /** Starts another program that becomes the backend in the end. */
    public static Child become(List<String> command) {
        return Child.start("backend", ENVIRONMENT, command);
    }

    /** Starts it with any command line, and does not wait for it. */
    public static Child start(String... arguments) {
        return become(script("vhost-user-blk", arguments));
    }

    /** Runs it with a command line that ends it at once. */
    public static Result run(String... arguments) throws InterruptedException {
        try (Child process = start(arguments)) {
            return process.finish();
        }
    }

    /** Where an image is served: beside it. */
    public static Path socketOf(Path image) {
        return Path.of(image + ".sock");
    }

    /**
     * One of the project's scripts with arguments, able to be interrupted: this JVM may run with that signal ignored, as
     * after {@code ./mvnw verify &}, and would pass that on.
     */
    public static List<String> script(String name, String... arguments) {
        List<String> command = List.of("env", "--default-signal=INT", Lab.script(name));
        return Stream.concat(command.stream(), Arrays.stream(arguments)).toList();
    }

    private static String[] arguments(String place, String blkFile, String... options) {
        List<String> arguments = new ArrayList<>(List.of(place, "--blk-file=" + blkFile));
        arguments.addAll(List.of(options));
        return arguments.toArray(String[]::new);
    }

    public Path socket() {
        return socket;
    }

    public Child process() {
        return process;
    }

    /** Ends it by a signal, such as TERM, and says how it ended. */
    public Result end(String signal) throws IOException, InterruptedException {
        over = true;
        process.signal(signal);
        return process.finish();
    }

    /** Waits until it has ended by itself, as it does when another process has taken over, which goes on with its output. */
    public int awaitHandover() throws InterruptedException {
        over = true;
        return process.awaitStatus();
    }

    /** Ends it as a crash would. */
    public void kill() {
        over = true;
        process.kill();
    }

    /**
     * Ends it, unless the test has.
     *
     * @throws AssertionError if it has ended by itself or does not end with status 0, or has complained of itself
     */
    @Override
    public void close() throws IOException {
        try (process) {
            if (!over) {
                Result result = end("TERM");
                if (result.status() != 0 || result.err().contains(" ERROR ")) {
                    throw new AssertionError("the backend did not end well: " + result);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
