package dev.ringside.it.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;

/** A process that a test has started. It ends with the test, and with this JVM at the latest. */
public final class Child implements AutoCloseable {
    private static final Set<Process> LIVE = ConcurrentHashMap.newKeySet();

    private static final int REMEMBERED = 8;
    private static final Deque<Child> LATEST = new ConcurrentLinkedDeque<>();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> LIVE.forEach(Process::destroyForcibly)));
    }

    private final String name;
    private final Process process;
    private final Lines out;
    private final Lines err;

    private Child(String name, Process process) {
        this.name = name;
        this.process = process;
        out = new Lines(name + ", stdout", process.getInputStream());
        err = new Lines(name + ", stderr", process.getErrorStream());
    }

    /**
     * Starts a program.
     *
     * @param name what messages call it
     * @param environment added to this JVM's
     */
    static Child start(String name, Map<String, String> environment, List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        try {
            Process process = builder.start();
            LIVE.add(process);
            process.onExit().thenAccept(LIVE::remove);
            Child child = new Child(name, process);
            LATEST.add(child);
            if (LATEST.size() > REMEMBERED) {
                LATEST.remove();
            }
            return child;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Child start(String name, List<String> command) {
        return start(name, Map.of(), command);
    }

    /** Those started last, oldest first. */
    static Iterable<Child> latest() {
        return LATEST;
    }

    static void forgetAll() {
        LATEST.clear();
    }

    /** Runs a program that ends by itself, with nothing on its stdin. */
    static Result run(String name, Map<String, String> environment, List<String> command) throws InterruptedException {
        try (Child child = start(name, environment, command)) {
            child.closeInput();
            return child.finish();
        }
    }

    static Result run(String name, List<String> command) throws InterruptedException {
        return run(name, Map.of(), command);
    }

    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** Of the processes that this one has started, and theirs, the one whose command line contains a text. */
    public ProcessHandle descendant(String text) {
        return process.descendants()
                .filter(handle -> ProcFs.commandLine(handle.pid()).contains(text))
                .findFirst()
                .orElseThrow(() -> new AssertionError(name + " has not started any " + text));
    }

    public Lines out() {
        return out;
    }

    public Lines err() {
        return err;
    }

    /** Writes to its stdin. */
    public void say(String text) throws IOException {
        process.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
    }

    /** Ends its stdin. */
    public void closeInput() {
        try {
            process.getOutputStream().close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Waits for its end.
     *
     * @throws AssertionError if it goes on
     */
    public Result finish() throws InterruptedException {
        return finish(Patience.STEP);
    }

    /** Waits for its end, for some time. */
    public Result finish(Duration patience) throws InterruptedException {
        if (!process.waitFor(patience)) {
            throw new AssertionError(name + " does not end within " + patience.toSeconds() + " s");
        }
        return new Result(process.exitValue(), out.textAtEnd(), err.textAtEnd());
    }

    /** Waits for its end, though others may go on writing to its streams. */
    int awaitStatus() throws InterruptedException {
        if (!process.waitFor(Patience.STEP)) {
            throw new AssertionError(name + " does not end within " + Patience.STEP.toSeconds() + " s");
        }
        return process.exitValue();
    }

    /** Sends a signal, such as TERM. */
    public void signal(String signal) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("/bin/sh", "-c", "kill -s " + signal + " " + pid()).start();
        if (kill.waitFor() != 0) {
            throw new AssertionError("no signal " + signal + " to " + this);
        }
    }

    /** Ends it on the spot, and waits until it has ended. */
    public void kill() {
        process.destroyForcibly().onExit().join();
    }

    @Override
    public void close() {
        kill();
    }

    /** The end of what it has said, on both streams. */
    String lastWords() {
        return "== " + this + "\n" + out.tail() + "\n--\n" + err.tail();
    }

    @Override
    public String toString() {
        return name + " (process " + pid() + ")";
    }
}
