package dev.ringside.bench.guest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ringside.bench.BenchException;
import dev.ringside.bench.host.Child;
import dev.ringside.bench.host.Children;
import dev.ringside.bench.host.Listening;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a client of iperf3 has found.
 *
 * @param seconds that it took
 * @param bytes of payload that have arrived
 * @param packets that have arrived: datagrams, or segments of 1448 bytes of a TCP stream, however it was cut
 * @param lostPercent of datagrams; NaN of a TCP stream
 */
public record Iperf(double seconds, double bytes, double packets, double lostPercent) {
    /** Where servers listen; those of further guests come next. */
    public static final int PORT = 5201;

    private static final ObjectMapper JSON = new ObjectMapper();
    /** What a TCP segment carries on Ethernet. */
    private static final double SEGMENT_BYTES = 1448;

    /**
     * Starts a server for one client, and waits until it listens: one that lives on may reset its second client.
     *
     * @param guest counted from 0
     */
    public static Child serve(Tools tools, Children children, Network network, @Nullable Integer processor, int guest)
            throws BenchException, InterruptedException {
        String port = String.valueOf(PORT + guest);
        List<String> command = List.of(tools.labProgram("iperf3"), "--server", "--one-off", "--port", port);
        Child server = children.start("iperf3-" + guest, processor, network.enter(command), Map.of());
        try {
            Listening.awaitPort(server, PORT + guest);
            return server;
        } catch (BenchException | InterruptedException e) {
            server.close();
            throw e;
        }
    }

    /** Reads what a client has said with {@code --json}. */
    public static Iperf parse(String said) throws BenchException {
        JsonNode result;
        try {
            result = JSON.readTree(said);
        } catch (JsonProcessingException e) {
            throw new BenchException("iperf3 printed no JSON", e);
        }
        if (result.has("error")) {
            throw new BenchException("iperf3: " + result.path("error").asText());
        }
        JsonNode test = result.path("start").path("test_start");
        boolean datagrams = test.path("protocol").asText().equals("UDP");
        JsonNode sum = result.path("end").path("sum_received");
        double seconds = sum.path("seconds").asDouble();
        double bytes = sum.path("bytes").asDouble();
        if (!(seconds > 0 && bytes > 0)) {
            throw new BenchException("iperf3: nothing has arrived");
        }
        return datagrams
                ? new Iperf(
                        seconds,
                        bytes,
                        bytes / test.path("blksize").asDouble(),
                        sum.path("lost_percent").asDouble())
                : new Iperf(seconds, bytes, bytes / SEGMENT_BYTES, Double.NaN);
    }

    /** Of payload. */
    public double gigabitsPerSecond() {
        return bytes * 8 / seconds / 1e9;
    }
}
