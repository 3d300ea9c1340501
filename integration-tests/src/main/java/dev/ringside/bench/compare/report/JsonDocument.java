package dev.ringside.bench.compare.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringside.bench.compare.Figures;
import dev.ringside.bench.compare.Mode;
import dev.ringside.bench.compare.Noise;
import dev.ringside.bench.compare.Property;
import dev.ringside.bench.compare.Table;
import dev.ringside.bench.compare.Workload;
import dev.ringside.bench.measure.Metric;
import dev.ringside.bench.measure.Sample;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The report for programs: every run, its summaries, and what there is none of, with the reason. */
public final class JsonDocument {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private final List<Table> tables;

    /** Of what may not be compared with each other. */
    public JsonDocument(List<Table> tables) {
        this.tables = tables;
    }

    /** The document. */
    public String text() {
        ObjectNode root = JSON.createObjectNode();
        root.put("report", "compare");
        root.put("when", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        ObjectNode metrics = root.putObject("metrics");
        Figures.ALL.forEach(metric -> metrics.putObject(metric.key())
                .put("title", metric.title())
                .put("unit", metric.unit())
                .put("better", Figures.isHigherBetter(metric) ? "more" : "less"));
        tables.forEach(table -> table(root.withArray("/tables").addObject(), table));
        try {
            return JSON.writeValueAsString(root) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of numbers and strings", e);
        }
    }

    private static void table(ObjectNode node, Table table) {
        node.put("name", table.name());
        node.put("title", table.title());
        strings(node.putObject("machine"), table.machine());
        strings(node.putObject("settings"), table.settings());
        table.notes().forEach(node.putArray("notes")::add);
        ObjectNode modes = node.putObject("modes");
        table.modes().forEach(mode -> mode(modes.putObject(mode.word()), table, mode));
        ObjectNode workloads = node.putObject("workloads");
        for (Workload workload : table.workloads()) {
            workloads
                    .putObject(workload.word())
                    .put("kind", workload.kind().title())
                    .put("title", workload.title())
                    .put("operation", workload.kind().operation());
        }
        var cells = node.putArray("cells");
        for (Workload workload : table.workloads()) {
            for (int guests : table.guests()) {
                for (Mode mode : table.modes()) {
                    Table.Cell cell = new Table.Cell(mode, workload, guests);
                    if (!table.samples(cell).isEmpty() || !table.failures(cell).isEmpty()) {
                        cell(cells.addObject(), table, cell);
                    }
                }
            }
        }
    }

    private static void mode(ObjectNode node, Table table, Mode mode) {
        node.put("kind", mode.kind().title());
        node.put("way", mode.way().title());
        node.put("title", mode.title());
        node.put("ours", mode.isOurs());
        ObjectNode obstacles = node.putObject("left_out");
        table.obstacles().getOrDefault(mode, Map.of()).forEach((guests, why) -> obstacles.put(guests + " guests", why));
        ObjectNode uncounted = node.putObject("uncounted");
        table.uncounted().getOrDefault(mode, Map.of()).forEach((metric, why) -> uncounted.put(metric.key(), why));
        table.commandLines().getOrDefault(mode, List.of()).forEach(node.putArray("commands")::add);
        ObjectNode properties = node.putObject("properties");
        for (Property property : Property.values()) {
            Property.Value value = property.of(mode);
            properties.putObject(property.word()).put("value", value.text()).put("demonstrated_by", value.test());
        }
    }

    private static void cell(ObjectNode node, Table table, Table.Cell cell) {
        node.put("mode", cell.mode().word());
        node.put("workload", cell.workload().word());
        node.put("guests", cell.guests());
        for (Sample sample : table.samples(cell)) {
            ObjectNode run = node.withArray("/runs").addObject();
            sample.metrics().forEach(metric -> sample.get(metric).ifPresent(value -> run.put(metric.key(), value)));
        }
        ObjectNode summary = node.putObject("summary");
        for (Metric metric : Figures.ALL) {
            table.spread(cell, metric)
                    .ifPresent(spread -> summary.putObject(metric.key())
                            .put("min", spread.min())
                            .put("median", spread.median())
                            .put("max", spread.max())
                            .put(
                                    "beside_the_best",
                                    Noise.of(table, cell, metric).name().toLowerCase(Locale.ROOT)));
        }
        table.failures(cell).forEach(node.putArray("failures")::add);
    }

    private static void strings(ObjectNode node, Map<String, String> strings) {
        strings.forEach(node::put);
    }
}
