package dev.ringside.bench.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringside.bench.measure.CellResult;
import dev.ringside.bench.measure.Metric;
import dev.ringside.bench.measure.Sample;
import dev.ringside.bench.measure.Spread;
import dev.ringside.bench.measure.Target;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The report for programs: every run, its summaries and its ratios. */
public final class JsonReport {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private final Report report;

    public JsonReport(Report report) {
        this.report = report;
    }

    /** The document. */
    public String text() {
        ObjectNode root = JSON.createObjectNode();
        root.put("benchmark", report.name());
        root.put("when", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        root.put("subject", report.subject());
        root.put("baseline", report.baseline());
        strings(root.putObject("host"), report.host());
        strings(root.putObject("settings"), report.settings());
        report.notes().forEach(root.putArray("notes")::add);
        report.results()
                .forEach(result ->
                        cell(root.withObject("/cells").putObject(result.cell().name()), result));
        report.verdicts().forEach(verdict -> target(root.withArray("/targets").addObject(), verdict));
        try {
            return JSON.writeValueAsString(root) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of numbers and strings", e);
        }
    }

    private void cell(ObjectNode node, CellResult result) {
        node.put("title", result.cell().title());
        result.samples().forEach((name, samples) -> {
            ObjectNode contender = node.withObject("/contenders").putObject(name);
            samples.forEach(sample -> run(contender.withArray("/runs").addObject(), sample));
            ObjectNode summary = contender.putObject("summary");
            for (Metric metric : metrics(samples)) {
                Spread.of(samples, metric).ifPresent(spread -> spread(summary.putObject(metric.key()), spread));
            }
        });
        ObjectNode ratios = node.putObject("ratios");
        for (Metric metric : metrics(result.samples().getOrDefault(report.subject(), List.of()))) {
            result.ratio(report.subject(), report.baseline(), metric)
                    .ifPresent(ratio -> spread(ratios.putObject(metric.key()), ratio));
        }
        strings(node.putObject("left_out"), result.excuses());
        strings(node.putObject("failed"), result.failures());
    }

    private static Set<Metric> metrics(List<Sample> samples) {
        return samples.stream()
                .flatMap(sample -> sample.metrics().stream())
                .collect(Collectors.toCollection(() -> new TreeSet<>(Comparator.comparing(Metric::key))));
    }

    private static void run(ObjectNode node, Sample sample) {
        sample.metrics().forEach(metric -> sample.get(metric).ifPresent(value -> node.put(metric.key(), value)));
    }

    private static void spread(ObjectNode node, Spread spread) {
        node.put("min", spread.min());
        node.put("median", spread.median());
        node.put("max", spread.max());
    }

    private static void target(ObjectNode node, Target.Verdict verdict) {
        Target target = verdict.target();
        node.put("title", target.title());
        node.put("cell", target.cell());
        node.put("metric", target.metric().key());
        node.put("relative", target.relative());
        node.put("bound", target.bound().name().toLowerCase(Locale.ROOT));
        node.put("limit", target.limit());
        node.put("outcome", verdict.outcome().name().toLowerCase(Locale.ROOT));
        verdict.value().ifPresent(value -> spread(node.putObject("value"), value));
    }

    private static void strings(ObjectNode node, Map<String, String> strings) {
        strings.forEach(node::put);
    }
}
