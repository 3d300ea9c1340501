package dev.ringside.bench.host;

import dev.ringside.bench.BenchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Tells when a process listens on its Unix sockets, without connecting to them. */
public final class Listening {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** The kernel's flag of a listening socket in /proc/net/unix: __SO_ACCEPTCON. */
    private static final String ACCEPTS = " 00010000 ";

    private Listening() {}

    /** Waits, looking every millisecond. */
    public static void await(Child child, List<Path> sockets) throws BenchException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!areListening(child, sockets)) {
            if (!child.isAlive()) {
                throw child.failure("ended before it was ready");
            }
            if (System.nanoTime() > deadline) {
                throw child.failure("does not listen after " + PATIENCE.toSeconds() + " s");
            }
            Thread.sleep(1);
        }
    }

    /** Each network namespace lists its own. */
    private static boolean areListening(Child child, List<Path> sockets) {
        try {
            List<String> listening = Files.readAllLines(Path.of("/proc/" + child.pid() + "/net/unix")).stream()
                    .filter(line -> line.contains(ACCEPTS))
                    .toList();
            return sockets.stream()
                    .allMatch(socket -> listening.stream().anyMatch(line -> line.endsWith(" " + socket)));
        } catch (IOException e) {
            // It has just ended.
            return false;
        }
    }
}
