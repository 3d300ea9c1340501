package dev.ringside.bench.report;

import dev.ringside.bench.measure.CellResult;
import dev.ringside.bench.measure.Target;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The report for a terminal. */
public final class TextReport {
    private final Report report;

    public TextReport(Report report) {
        this.report = report;
    }

    /** A table for each cell, then the targets. */
    public String text() {
        StringBuilder text = new StringBuilder();
        text.append(line(report.host())).append(line(report.settings()));
        report.notes().forEach(note -> text.append("Note: ").append(note).append('\n'));
        text.append("Medians over the runs, each with its min..max; a ratio is of two runs in the same round.\n");
        report.results().forEach(result -> text.append('\n').append(cell(result)));
        if (!report.verdicts().isEmpty()) {
            text.append('\n').append(targets());
        }
        return text.toString();
    }

    private static String line(Map<String, String> facts) {
        return facts.entrySet().stream()
                .map(fact -> fact.getKey() + " " + fact.getValue())
                .collect(Collectors.joining(", ", "", "\n"));
    }

    private String cell(CellResult result) {
        StringBuilder text =
                new StringBuilder(result.cell().name() + ": " + result.cell().title() + '\n');
        if (!result.samples().isEmpty()) {
            ResultTable rows = new ResultTable(report, result);
            TextTable table = new TextTable(1);
            table.row(rows.header());
            rows.rows().forEach(table::row);
            text.append(table);
        }
        result.excuses().forEach((name, why) -> text.append("  " + name + " " + why + '\n'));
        result.failures().forEach((name, why) -> text.append("  " + name + " FAILED: " + why + '\n'));
        return text.toString();
    }

    private String targets() {
        TextTable table = new TextTable(4);
        for (Target.Verdict verdict : report.verdicts()) {
            table.row(List.of(
                    switch (verdict.outcome()) {
                        case MET -> "met";
                        case MISSED -> "MISSED";
                        case NOT_MEASURED -> "not measured";
                    },
                    verdict.target().title(),
                    Numbers.limit(verdict.target()),
                    Numbers.value(verdict)));
        }
        return "Targets (x is " + report.subject() + "/" + report.baseline() + ")\n" + table;
    }
}
