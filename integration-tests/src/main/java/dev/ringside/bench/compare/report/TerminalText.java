package dev.ringside.bench.compare.report;

import dev.ringside.bench.compare.Figures;
import dev.ringside.bench.compare.Noise;
import dev.ringside.bench.compare.Table;
import dev.ringside.bench.compare.Workload;
import dev.ringside.bench.measure.Metric;
import dev.ringside.bench.measure.Spread;
import dev.ringside.bench.report.Numbers;
import dev.ringside.bench.report.TextTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The report for a terminal: medians. */
public final class TerminalText {
    private final List<Table> tables;

    /** Of what may not be compared with each other. */
    public TerminalText(List<Table> tables) {
        this.tables = tables;
    }

    /** A table for each workload, a row for each mode. */
    public String text() {
        StringBuilder text = new StringBuilder();
        for (Table table : tables) {
            text.append("== ").append(table.title()).append('\n');
            text.append(line(table.machine())).append(line(table.settings()));
            table.notes().forEach(note -> text.append("Note: ").append(note).append('\n'));
            text.append("Medians. * is the best, ~ within noise of it (their runs overlap), ? has one run only.\n");
            for (Workload workload : table.workloads()) {
                table.guests().forEach(guests -> text.append(workload(table, workload, guests)));
            }
            text.append(leftOut(table));
        }
        return text.toString();
    }

    private static String line(Map<String, String> facts) {
        return facts.entrySet().stream()
                .map(fact -> fact.getKey() + " " + fact.getValue())
                .collect(Collectors.joining(", ", "", "\n"));
    }

    private static String workload(Table table, Workload workload, int guests) {
        List<Table.Cell> cells = table.measured(workload, guests);
        List<Table.Cell> failed = table.failed(workload, guests);
        if (cells.isEmpty() && failed.isEmpty()) {
            return "";
        }
        StringBuilder text = new StringBuilder("\n" + workload.word() + ": " + workload.title()
                + (table.guests().size() > 1 ? ", guests at once: " + guests : "") + '\n');
        List<Metric> shown = Figures.SHOWN.stream()
                .filter(metric -> cells.stream()
                        .anyMatch(cell -> table.spread(cell, metric).isPresent()))
                .toList();
        TextTable rows = new TextTable(1);
        rows.row(heads(shown, Metric::title));
        rows.row(heads(shown, Metric::unit));
        for (Table.Cell cell : cells) {
            List<String> row = new ArrayList<>(List.of(cell.mode().word()));
            shown.forEach(metric -> row.add(value(table, cell, metric)));
            rows.row(row);
        }
        text.append(rows);
        for (Table.Cell cell : failed) {
            table.failures(cell).forEach(why -> text.append("  " + cell.mode().word() + " FAILED in " + why + '\n'));
        }
        return text.toString();
    }

    private static List<String> heads(List<Metric> metrics, java.util.function.Function<Metric, String> head) {
        List<String> row = new ArrayList<>(List.of(""));
        metrics.forEach(metric -> row.add(head.apply(metric) + " "));
        return row;
    }

    private static String value(Table table, Table.Cell cell, Metric metric) {
        Spread spread = table.spread(cell, metric).orElse(null);
        if (spread == null) {
            return "- ";
        }
        return Numbers.of(spread.median())
                + switch (Noise.of(table, cell, metric)) {
                    case BEST -> "*";
                    case WITHIN -> "~";
                    case BEYOND -> " ";
                    case UNKNOWN -> "?";
                };
    }

    private static String leftOut(Table table) {
        StringBuilder text = new StringBuilder();
        table.obstacles()
                .forEach((mode, whys) -> whys.forEach((guests, why) -> text.append("  " + mode.word()
                        + (table.guests().size() > 1 ? " with guests at once: " + guests : "") + ": " + why + '\n')));
        Map<String, String> reasons = table.uncounted().values().stream()
                .flatMap(map -> map.entrySet().stream())
                .collect(Collectors.toMap(
                        entry -> entry.getKey().title(),
                        Map.Entry::getValue,
                        (one, other) -> one,
                        java.util.TreeMap::new));
        reasons.keySet().retainAll(List.of(Figures.EXITS.title(), Figures.SYSTEM_CALLS.title()));
        StringBuilder told = new StringBuilder();
        if (!text.isEmpty()) {
            told.append("\nNot measured here:\n").append(text);
        }
        if (!reasons.isEmpty()) {
            told.append("\nNot counted here:\n");
            reasons.forEach((title, why) -> told.append("  " + title + ": " + why + '\n'));
        }
        return told.append('\n').toString();
    }
}
