package dev.ringside.it.support;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import jnr.unixsocket.UnixSocketAddress;
import jnr.unixsocket.UnixSocketChannel;

/** QEMU's control protocol: one JSON object a line, answers to commands and events between them. */
public final class Qmp implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final UnixSocketChannel channel;
    private final Lines lines;
    /** What came before an answer, and nobody has waited for yet. */
    private final List<String> passed = new ArrayList<>();

    /** Connects to a QEMU that is up. */
    Qmp(Path socket) throws IOException, InterruptedException {
        channel = UnixSocketChannel.open(new UnixSocketAddress(socket.toFile()));
        lines = new Lines("QMP", Channels.newInputStream(channel));
        lines.await("\"QMP\"");
        execute("qmp_capabilities", Map.of());
    }

    /**
     * Executes a command.
     *
     * @param arguments as they become JSON: strings, numbers, booleans, and maps of them
     * @return what it returns
     * @throws AssertionError if QEMU refuses it
     */
    public JsonNode execute(String command, Map<String, ?> arguments) throws IOException, InterruptedException {
        String text = JSON.writeValueAsString(Map.of("execute", command, "arguments", arguments));
        ByteBuffer bytes = ByteBuffer.wrap((text + "\n").getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        List<String> said =
                lines.through(line -> parse(line).has("return") || parse(line).has("error"), Patience.STEP);
        passed.addAll(said.subList(0, said.size() - 1));
        String answer = said.getLast();
        if (parse(answer).has("error")) {
            throw new AssertionError("QEMU refuses " + text + ": " + answer);
        }
        return parse(answer).get("return");
    }

    /** Has the guest migrate to a QEMU that waits at a socket, and does not wait for it. */
    public void migrate(Path socket) throws IOException, InterruptedException {
        execute("migrate", Map.of("uri", "unix:" + socket));
    }

    /** Where the migration stands: active, completed, failed, cancelled, ... */
    public String migrationStatus() throws IOException, InterruptedException {
        return execute("query-migrate", Map.of()).path("status").asText();
    }

    /** Waits for the end of the migration. */
    public void awaitMigration(String status) throws Exception {
        Await.until("migration " + status, () -> {
            String now = migrationStatus();
            if (now.equals("failed") && !status.equals("failed")) {
                throw new AssertionError("migration failed: " + execute("query-migrate", Map.of()));
            }
            return now.equals(status);
        });
    }

    /** Waits for an event of a device. */
    public void awaitEvent(String event, String device) throws InterruptedException {
        if (!passed.removeIf(line -> isEvent(line, event, device))) {
            lines.through(line -> isEvent(line, event, device), Patience.STEP);
        }
    }

    private static boolean isEvent(String line, String event, String device) {
        return parse(line).path("event").asText().equals(event)
                && parse(line).path("data").path("device").asText().equals(device);
    }

    private static JsonNode parse(String line) {
        try {
            return JSON.readTree(line);
        } catch (JsonProcessingException e) {
            throw new AssertionError("QEMU says what is no JSON: " + line, e);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
