package dev.ringside.bench.guest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ringside.bench.BenchException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** QEMU's control protocol: one JSON object a line. Of one thread. */
public final class Qmp implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** QEMU has answered, with an error. */
    public static final class Refusal extends BenchException {
        private static final long serialVersionUID = 1;

        private Refusal(String message) {
            super(message);
        }
    }

    private final LineSocket socket;
    private final StringBuilder unread = new StringBuilder();

    /** @param path of a QEMU that is up */
    Qmp(Path path) throws BenchException, InterruptedException {
        try {
            socket = new LineSocket(path);
        } catch (IOException e) {
            throw new BenchException("QMP: " + e.getMessage(), e);
        }
        execute("qmp_capabilities", Map.of());
    }

    /**
     * Executes a command.
     *
     * @param arguments as they become JSON
     * @return what it returns
     * @throws Refusal if QEMU refuses it, with its words
     * @throws BenchException if it does not answer
     */
    public JsonNode execute(String command, Map<String, ?> arguments) throws BenchException, InterruptedException {
        try {
            socket.say(JSON.writeValueAsString(Map.of("execute", command, "arguments", arguments)));
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (System.nanoTime() < deadline) {
                socket.readInto(unread);
                int end = unread.indexOf("\n");
                if (end < 0) {
                    Thread.sleep(1);
                    continue;
                }
                JsonNode said = JSON.readTree(unread.substring(0, end));
                unread.delete(0, end + 1);
                if (said.has("error")) {
                    throw new Refusal("QMP " + command + ": "
                            + said.path("error").path("desc").asText());
                }
                if (said.has("return")) {
                    return said.get("return");
                }
            }
        } catch (JsonProcessingException e) {
            throw new BenchException("QMP: no JSON", e);
        } catch (IOException e) {
            throw new BenchException("QMP: " + e.getMessage(), e);
        }
        throw new BenchException("QMP " + command + ": no answer");
    }

    @Override
    public void close() throws BenchException {
        try {
            socket.close();
        } catch (IOException e) {
            throw new BenchException("QMP: " + e.getMessage(), e);
        }
    }
}
