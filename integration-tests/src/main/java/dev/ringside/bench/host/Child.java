package dev.ringside.bench.host;

import dev.ringside.bench.BenchException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** A process that was started by {@link Children}. */
public final class Child implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final int LOG_LINES_SHOWN = 3;
    private static final int SIGNALLED = 128;
    private static final long SIGNAL_MILLIS = 300;
    private static final long TELLING_MILLIS = 200;

    private final String name;
    private final Process process;
    private final Path output;
    private final Path log;
    private final Children siblings;

    Child(String name, Process process, Path output, Path log, Children siblings) {
        this.name = name;
        this.process = process;
        this.output = output;
        this.log = log;
        this.siblings = siblings;
    }

    /** Its process id. What starts it (taskset, a script) replaces itself by it. */
    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /**
     * Waits until it is ready, looking every millisecond.
     *
     * @param otherwise what to say of it if that takes too long
     * @throws BenchException if it does, or if it ends before
     */
    public void awaitReady(BooleanSupplier isReady, Duration limit, String otherwise)
            throws BenchException, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!isReady.getAsBoolean()) {
            if (!isAlive()) {
                throw failure("ended with status " + process.exitValue() + " before it was ready");
            }
            if (System.nanoTime() > deadline) {
                throw failure(otherwise);
            }
            Thread.sleep(1);
        }
    }

    /**
     * Waits for its end.
     *
     * @return what it printed
     * @throws BenchException if it fails or takes too long, with what it said
     */
    public String await(Duration limit) throws BenchException, InterruptedException {
        return await(limit, process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS));
    }

    /**
     * The same for one that takes long: what it says of its progress is passed on.
     *
     * @param to whoever waits
     */
    public String await(Duration limit, PrintStream to) throws BenchException, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        long told = 0;
        boolean ended = false;
        while (!ended && System.nanoTime() < deadline) {
            ended = process.waitFor(TELLING_MILLIS, TimeUnit.MILLISECONDS);
            try (InputStream said = Files.newInputStream(log)) {
                said.skipNBytes(told);
                told += said.transferTo(to);
            } catch (IOException e) {
                throw new BenchException(name + ": " + e.getMessage(), e);
            }
        }
        return await(limit, ended);
    }

    private String await(Duration limit, boolean ended) throws BenchException, InterruptedException {
        if (!ended) {
            close();
            throw new BenchException(name + " did not end within " + limit.toSeconds() + " s");
        }
        siblings.ended(this);
        if (process.exitValue() != 0) {
            if (process.exitValue() > SIGNALLED) {
                // Ctrl-C goes to all at once: let it arrive here, too.
                Thread.sleep(SIGNAL_MILLIS);
            }
            siblings.checkOpen();
            // Programs say who they are.
            String said = lastWords();
            throw new BenchException(said.isEmpty() ? name + " ended with status " + process.exitValue() : said);
        }
        try {
            return Files.readString(output);
        } catch (IOException e) {
            throw new BenchException(name + ": " + e.getMessage(), e);
        }
    }

    /** What to tell of its failure: the end of its log, in a line. */
    public BenchException failure(String what) throws InterruptedException {
        siblings.checkOpen();
        String said = lastWords();
        return new BenchException(name + " " + what + (said.isEmpty() ? "" : ": " + said));
    }

    private String lastWords() {
        return String.join(" | ", lastLines());
    }

    private List<String> lastLines() {
        try {
            List<String> lines = new String(Files.readAllBytes(log), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank())
                    .toList();
            return lines.subList(Math.max(0, lines.size() - LOG_LINES_SHOWN), lines.size());
        } catch (IOException e) {
            return List.of();
        }
    }

    /** Ends it: asks, waits, insists. */
    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        siblings.ended(this);
    }
}
