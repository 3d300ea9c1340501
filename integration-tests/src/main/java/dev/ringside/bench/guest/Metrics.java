package dev.ringside.bench.guest;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.host.Children;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What one of our programs has counted so far, in the text format of Prometheus. */
public final class Metrics {
    /** For {@code --metrics}, within a network namespace, where every port is free. */
    public static final int PORT = 9100;

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final String text;

    public Metrics(String text) {
        this.text = text;
    }

    /**
     * Asks the program.
     *
     * @param network where it is; null for the host's own
     */
    public static Metrics ask(Tools tools, Children children, @Nullable Network network, int port)
            throws BenchException, InterruptedException {
        List<String> wget =
                List.of(tools.labProgram("busybox"), "wget", "-q", "-O", "-", "http://127.0.0.1:" + port + "/metrics");
        List<String> command = network == null ? wget : network.enter(wget);
        return new Metrics(children.start("wget", null, command, Map.of()).await(PATIENCE));
    }

    /** Of all that are called so, with all their labels. */
    public double sum(String name) {
        return text.lines()
                .filter(line -> line.startsWith(name))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }
}
