package dev.ringside.bench.host;

import dev.ringside.bench.BenchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Tells when a process listens, without connecting to it. */
public final class Listening {
    /** A JVM in an emulated host takes its time; who does not come to listen at all ends, as a rule. */
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    /** The kernel's flag of a listening socket in /proc/net/unix: __SO_ACCEPTCON. */
    private static final String ACCEPTS = " 00010000 ";

    /** In /proc/net/tcp behind the local address: no peer, and the state TCP_LISTEN. */
    private static final String ANY_PEER = "00000000:0000 0A ";

    private static final String ANY_PEER6 = "0".repeat(32) + ":0000 0A ";

    private Listening() {}

    /** Waits for Unix sockets, looking every millisecond. */
    public static void await(Child child, List<Path> sockets) throws BenchException, InterruptedException {
        await(child, () -> areListening(child, sockets));
    }

    /** Waits for a TCP port of its network namespace. */
    public static void awaitPort(Child child, int port) throws BenchException, InterruptedException {
        await(child, () -> isListening(child, port));
    }

    private static void await(Child child, BooleanSupplier isListening) throws BenchException, InterruptedException {
        child.awaitReady(isListening, PATIENCE, "does not listen after " + PATIENCE.toSeconds() + " s");
    }

    private static boolean isListening(Child child, int port) {
        String address = ":%04X ".formatted(port);
        try {
            for (String table : List.of("tcp", "tcp6")) {
                Path path = Path.of("/proc/" + child.pid() + "/net/" + table);
                if (Files.readAllLines(path).stream()
                        .anyMatch(line -> line.contains(address + ANY_PEER) || line.contains(address + ANY_PEER6))) {
                    return true;
                }
            }
            return false;
        } catch (IOException e) {
            // It has just ended.
            return false;
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
