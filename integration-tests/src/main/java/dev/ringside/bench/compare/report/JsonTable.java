package dev.ringside.bench.compare.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ringside.bench.BenchException;
import dev.ringside.bench.compare.Figures;
import dev.ringside.bench.compare.Mode;
import dev.ringside.bench.compare.Table;
import dev.ringside.bench.compare.Workload;
import dev.ringside.bench.measure.Metric;
import dev.ringside.bench.measure.Sample;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads what {@link JsonDocument} has written on another machine: the runs, of which summaries are made anew. */
public final class JsonTable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private JsonTable() {}

    /**
     * The only table of a report.
     *
     * @param name what it is called among others
     * @param title what is special about the machine
     * @throws BenchException if it is no such report
     */
    public static Table read(String report, String name, String title) throws BenchException {
        JsonNode tables;
        try {
            tables = JSON.readTree(report).path("tables");
        } catch (JsonProcessingException e) {
            throw new BenchException("no report: " + e.getOriginalMessage(), e);
        }
        if (tables.size() != 1) {
            throw new BenchException("a report with " + tables.size() + " tables, not one");
        }
        JsonNode node = tables.path(0);
        Table table = new Table(name, title);
        strings(node.path("machine"), table.machine());
        strings(node.path("settings"), table.settings());
        node.path("notes").forEach(note -> table.notes().add(note.asText()));
        for (Map.Entry<String, JsonNode> workload : node.path("workloads").properties()) {
            table.workloads().add(known(Workload.of(workload.getKey()), workload.getKey()));
        }
        for (Map.Entry<String, JsonNode> mode : node.path("modes").properties()) {
            mode(known(Mode.of(mode.getKey()), mode.getKey()), mode.getValue(), table);
        }
        for (JsonNode cell : node.path("cells")) {
            cell(cell, table);
        }
        return table;
    }

    private static void mode(Mode mode, JsonNode node, Table table) {
        table.modes().add(mode);
        node.path("left_out").properties().forEach(why -> {
            // "2 guests"
            int guests = Integer.parseInt(why.getKey().split(" ", 2)[0]);
            table.guests().add(guests);
            table.obstacles()
                    .computeIfAbsent(mode, key -> new LinkedHashMap<>())
                    .put(guests, why.getValue().asText());
        });
        node.path("uncounted")
                .properties()
                .forEach(why -> Figures.metric(why.getKey())
                        .ifPresent(metric -> table.uncounted()
                                .computeIfAbsent(mode, key -> new LinkedHashMap<Metric, String>())
                                .put(metric, why.getValue().asText())));
        List<String> commands = new ArrayList<>();
        node.path("commands").forEach(command -> commands.add(command.asText()));
        if (!commands.isEmpty()) {
            table.commandLines().put(mode, commands);
        }
    }

    private static void cell(JsonNode node, Table table) throws BenchException {
        String mode = node.path("mode").asText();
        String workload = node.path("workload").asText();
        int guests = node.path("guests").asInt();
        Table.Cell cell = new Table.Cell(known(Mode.of(mode), mode), known(Workload.of(workload), workload), guests);
        table.guests().add(guests);
        for (JsonNode run : node.path("runs")) {
            Sample sample = new Sample();
            run.properties()
                    .forEach(value -> Figures.metric(value.getKey())
                            .ifPresent(metric ->
                                    sample.with(metric, value.getValue().asDouble())));
            table.add(cell, sample);
        }
        node.path("failures").forEach(why -> table.addFailure(cell, why.asText()));
    }

    private static <T> T known(Optional<T> found, String word) throws BenchException {
        return found.orElseThrow(() -> new BenchException("a report of another version, with " + word));
    }

    private static void strings(JsonNode node, Map<String, String> strings) {
        node.properties()
                .forEach(entry -> strings.put(entry.getKey(), entry.getValue().asText()));
    }
}
