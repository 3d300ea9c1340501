package dev.ringside.bench.compare;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringside.bench.BenchException;
import dev.ringside.bench.measure.Metric;
import dev.ringside.bench.measure.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What has been measured so far, in a file: a line of JSON for each workload of each turn, after the arguments by which it
 * all began. What was interrupted goes on from here.
 */
final class Journal {
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * A workload's turn.
     *
     * @param failure null if it has gone well
     */
    record Entry(
            String key,
            Sample sample,
            @Nullable String failure,
            Map<Metric, String> uncounted,
            List<String> commandLines) {}

    private final Path file;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    private Journal(Path file) {
        this.file = file;
    }

    /** Begins a new one. */
    static Journal begin(Path file, List<String> arguments) throws BenchException {
        ObjectNode first = JSON.createObjectNode();
        arguments.forEach(first.putArray("arguments")::add);
        try {
            Files.writeString(file, first + "\n");
        } catch (IOException e) {
            throw new BenchException("cannot write " + file + ": " + e.getMessage(), e);
        }
        return new Journal(file);
    }

    /** The arguments of one that is there. */
    static List<String> arguments(Path file) throws BenchException {
        List<String> arguments = new ArrayList<>();
        lines(file).getFirst().path("arguments").forEach(word -> arguments.add(word.asText()));
        return arguments;
    }

    /** Goes on with one that is there; a line that was cut off is taken out of it, lest the next one be appended to it. */
    static Journal resume(Path file) throws BenchException {
        Journal journal = new Journal(file);
        List<JsonNode> lines = lines(file);
        rewrite(file, lines);
        for (JsonNode line : lines.subList(1, lines.size())) {
            Sample sample = new Sample();
            line.path("values")
                    .properties()
                    .forEach(value -> Figures.metric(value.getKey())
                            .ifPresent(metric ->
                                    sample.with(metric, value.getValue().asDouble())));
            Map<Metric, String> uncounted = new LinkedHashMap<>();
            line.path("uncounted")
                    .properties()
                    .forEach(why -> Figures.metric(why.getKey())
                            .ifPresent(metric ->
                                    uncounted.put(metric, why.getValue().asText())));
            List<String> commandLines = new ArrayList<>();
            line.path("commands").forEach(command -> commandLines.add(command.asText()));
            String key = line.path("key").asText();
            String failure = line.has("failure") ? line.path("failure").asText() : null;
            journal.entries.put(key, new Entry(key, sample, failure, uncounted, commandLines));
        }
        return journal;
    }

    private static void rewrite(Path file, List<JsonNode> lines) throws BenchException {
        Path whole = file.resolveSibling(file.getFileName() + ".new");
        try {
            Files.write(whole, lines.stream().map(JsonNode::toString).toList());
            Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new BenchException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    private static List<JsonNode> lines(Path file) throws BenchException {
        List<JsonNode> lines = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(file)) {
                try {
                    lines.add(JSON.readTree(line));
                } catch (JsonProcessingException e) {
                    // The last one may have been cut off: its workload is measured again.
                    break;
                }
            }
        } catch (IOException e) {
            throw new BenchException("nothing to resume: cannot read " + file, e);
        }
        if (lines.isEmpty() || !lines.getFirst().has("arguments")) {
            throw new BenchException("nothing to resume: " + file + " is no journal");
        }
        return lines;
    }

    Map<String, Entry> entries() {
        return entries;
    }

    /** Adds one, for good. */
    void add(Entry entry) throws BenchException {
        entries.put(entry.key(), entry);
        ObjectNode line = JSON.createObjectNode().put("key", entry.key());
        ObjectNode values = line.putObject("values");
        entry.sample()
                .metrics()
                .forEach(metric -> entry.sample().get(metric).ifPresent(value -> values.put(metric.key(), value)));
        if (entry.failure() != null) {
            line.put("failure", entry.failure());
        }
        ObjectNode uncounted = line.putObject("uncounted");
        entry.uncounted().forEach((metric, why) -> uncounted.put(metric.key(), why));
        entry.commandLines().forEach(line.putArray("commands")::add);
        try {
            Files.writeString(file, line + "\n", StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new BenchException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }
}
