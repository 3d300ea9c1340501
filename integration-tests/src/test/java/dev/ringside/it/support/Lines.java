package dev.ringside.it.support;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** What a process says on one of its streams, read as it comes and kept. */
public final class Lines {
    private static final int TAIL = 20;

    private final String source;
    private final Thread reader;
    private final List<String> lines = new ArrayList<>();
    /** Of the first line that no {@link #through} has taken. */
    private int next;

    private boolean ended;

    /** @param source what messages call the stream */
    Lines(String source, InputStream stream) {
        this.source = source;
        // A thread, for reading a pipe cannot be interrupted, and waiting for a line can.
        reader = Thread.ofPlatform().daemon().name(source).start(() -> read(stream));
    }

    private void read(InputStream stream) {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                add(line);
            }
        } catch (IOException e) {
            add("(reading this stream failed: " + e.getMessage() + ")");
        } finally {
            end();
        }
    }

    private synchronized void add(String line) {
        lines.add(line);
        notifyAll();
    }

    private synchronized void end() {
        ended = true;
        notifyAll();
    }

    /**
     * Waits for a line, and takes it and all before it.
     *
     * @throws AssertionError if it does not come
     */
    synchronized List<String> through(Predicate<String> wanted, Duration patience) throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        for (int i = next; ; i++) {
            while (i == lines.size()) {
                long millis = Duration.ofNanos(deadline - System.nanoTime()).toMillis();
                if (ended || millis <= 0) {
                    String reason = ended ? " has ended" : " does not say it in " + patience.toSeconds() + " s";
                    throw new AssertionError("waited for a line, but " + source + reason + "; it said:\n" + tail());
                }
                wait(millis);
            }
            if (wanted.test(lines.get(i))) {
                List<String> taken = List.copyOf(lines.subList(next, i + 1));
                next = i + 1;
                return taken;
            }
        }
    }

    /**
     * Waits for a line that contains a text.
     *
     * @throws AssertionError if it does not come
     */
    public void await(String text) throws InterruptedException {
        through(line -> line.contains(text), Patience.STEP);
    }

    /** The last that has been said, for a message. */
    synchronized String tail() {
        return String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL), lines.size()));
    }

    /** All that has been said. */
    public synchronized String text() {
        return String.join("\n", lines);
    }

    /** All that has been said when the stream has ended, as it does when its process has. */
    String textAtEnd() throws InterruptedException {
        if (!reader.join(Patience.STEP)) {
            throw new UncheckedIOException(new IOException(source + " is still open; a process has left a child"));
        }
        return text();
    }
}
