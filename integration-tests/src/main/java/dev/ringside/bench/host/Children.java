package dev.ringside.bench.host;

import dev.ringside.bench.BenchException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Starts processes and sees to it that none outlives this one: they are ended by whoever started them, at the latest by
 * {@link #close} (which the shutdown hook calls on Ctrl-C), and by the kernel if this process is killed outright.
 */
public final class Children implements AutoCloseable {
    private final Path logs;
    private final Set<Child> alive = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /** @param logs a directory for what they print */
    public Children(Path logs) {
        this.logs = logs;
    }

    /**
     * Starts a program.
     *
     * @param name for messages
     * @param processor to pin it to; null for all
     * @param environment beside this process's own
     * @throws InterruptedException if this process is being ended
     */
    public synchronized Child start(
            String name, @Nullable Integer processor, List<String> command, Map<String, String> environment)
            throws BenchException, InterruptedException {
        checkOpen();
        List<String> words = new ArrayList<>();
        if (processor != null) {
            words.addAll(List.of("taskset", "-c", processor.toString()));
        }
        // The signal comes when the *thread* that started the process ends: children belong to the main thread.
        words.addAll(List.of("setpriv", "--pdeathsig", "TERM", "--"));
        words.addAll(command);
        Path output = logs.resolve(name + ".out");
        Path log = logs.resolve(name + ".log");
        ProcessBuilder builder = new ProcessBuilder(words)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(output.toFile())
                .redirectError(log.toFile());
        builder.environment().putAll(environment);
        try {
            Child child = new Child(name, builder.start(), output, log, this);
            alive.add(child);
            return child;
        } catch (IOException e) {
            throw new BenchException("cannot start " + name + ": " + e.getMessage(), e);
        }
    }

    void ended(Child child) {
        alive.remove(child);
    }

    /** So that what fails because everything ends is not taken for a failure. */
    void checkOpen() throws InterruptedException {
        if (closed) {
            throw new InterruptedException("ended");
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        alive.forEach(Child::close);
    }
}
