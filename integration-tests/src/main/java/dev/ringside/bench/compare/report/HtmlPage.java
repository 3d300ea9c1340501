package dev.ringside.bench.compare.report;

import dev.ringside.bench.compare.Figures;
import dev.ringside.bench.compare.Kind;
import dev.ringside.bench.compare.Mode;
import dev.ringside.bench.compare.Property;
import dev.ringside.bench.compare.Table;
import dev.ringside.bench.compare.Way;
import dev.ringside.bench.compare.Workload;
import dev.ringside.bench.measure.Metric;
import dev.ringside.bench.report.Html;
import dev.ringside.bench.report.Numbers;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The report for a browser: one file with charts, that needs nothing else. */
public final class HtmlPage {
    /** What is drawn: how fast, how soon, how many crossings, at what price. */
    private static final List<Metric> DRAWN = List.of(
            Figures.THROUGHPUT, Figures.OPERATIONS, Figures.P50, Figures.P99, Figures.CROSSINGS, Figures.BACKEND_CPU);

    private final List<Table> tables;

    /** Of what may not be compared with each other. */
    public HtmlPage(List<Table> tables) {
        this.tables = tables;
    }

    /** The document. */
    public String text() {
        StringBuilder html = new StringBuilder("<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
                + "<meta name='viewport' content='width=device-width'>\n<title>Ringside: ways to virtualise I/O</title>\n"
                + "<style>\n" + PageStyle.CSS + "</style></head><body>\n<h1>Ways to virtualise I/O, side by side</h1>\n"
                + "<p class='lead'>The same guest, the same work; what each way to give it its disk and its network does,"
                + " and what it costs.</p>\n<ul class='ways'>\n");
        for (Way way : Way.values()) {
            html.append("<li><i class='" + BarChart.wayClass(way) + "'></i><b>" + way.title() + "</b> "
                    + Html.escaped(way.description()) + "</li>\n");
        }
        html.append("</ul>\n");
        tables.forEach(table -> table(html, table));
        for (Kind kind : Kind.values()) {
            properties(html, kind);
        }
        return html.append("</body></html>\n").toString();
    }

    private static void table(StringBuilder html, Table table) {
        html.append("<section id='" + table.name() + "'>\n<h2>" + Html.escaped(table.title()) + "</h2>\n");
        html.append(facts(table.machine())).append(facts(table.settings()));
        table.notes().forEach(note -> html.append("<p class='note'>" + Html.escaped(note) + "</p>\n"));
        html.append(
                "<p class='facts'>Bars are medians, whiskers reach from the smallest to the largest run. * is the best,"
                        + " ~ differs from it within noise: their runs overlap. A crossing is a trap of the guest's processor"
                        + " (a kick, or an access to a register) or an interrupt to it.</p>\n");
        for (Workload workload : table.workloads()) {
            table.guests().forEach(guests -> workload(html, table, workload, guests));
        }
        leftOut(html, table);
        html.append("<h3>Command lines</h3>\n");
        table.commandLines().forEach((mode, lines) -> {
            html.append("<details><summary>" + mode.word() + "</summary>");
            lines.forEach(line -> html.append("<pre>" + Html.escaped(line) + "</pre>"));
            html.append("</details>\n");
        });
        html.append("</section>\n");
    }

    private static String facts(Map<String, String> facts) {
        List<String> words = new ArrayList<>();
        facts.forEach((key, value) -> words.add(key + " " + value));
        return "<p class='facts'>" + Html.escaped(String.join(" · ", words)) + "</p>\n";
    }

    private static void workload(StringBuilder html, Table table, Workload workload, int guests) {
        List<Table.Cell> cells = table.measured(workload, guests);
        List<Table.Cell> failed = table.failed(workload, guests);
        if (cells.isEmpty() && failed.isEmpty()) {
            return;
        }
        html.append("<h3 class='workload'>" + Html.escaped(workload.title())
                + (table.guests().size() > 1 ? ", guests at once: " + guests : "") + "</h3>\n<div class='charts'>\n");
        for (Metric metric : DRAWN) {
            String svg = BarChart.svg(table, cells, metric);
            if (!svg.isEmpty()) {
                html.append("<figure><figcaption>" + Html.escaped(metric.label()) + " <small>"
                        + (Figures.isHigherBetter(metric) ? "more is better" : "less is better")
                        + "</small></figcaption>" + svg + "</figure>\n");
            }
        }
        html.append("</div>\n");
        for (Table.Cell cell : failed) {
            table.failures(cell)
                    .forEach(why -> html.append("<p class='failure'><b>"
                            + cell.mode().word() + " failed</b> in " + Html.escaped(why) + "</p>\n"));
        }
        figures(html, table, cells, workload);
    }

    private static void figures(StringBuilder html, Table table, List<Table.Cell> cells, Workload workload) {
        html.append("<details><summary>All figures; an operation is a "
                + workload.kind().operation() + "</summary><div class='wide'><table>\n");
        List<Metric> shown = Figures.ALL.stream()
                .filter(metric -> cells.stream()
                        .anyMatch(cell -> table.spread(cell, metric).isPresent()))
                .toList();
        List<String> header = new ArrayList<>(List.of("median (min..max)"));
        cells.forEach(cell -> header.add(cell.mode().word()));
        html.append(Html.row(header, true));
        for (Metric metric : shown) {
            List<String> row = new ArrayList<>(List.of(metric.label()));
            cells.forEach(
                    cell -> row.add(table.spread(cell, metric).map(Numbers::of).orElse("-")));
            html.append(Html.row(row, false));
        }
        html.append("</table></div></details>\n");
    }

    private static void leftOut(StringBuilder html, Table table) {
        html.append("<h3>Not measured here</h3>\n<ul>\n");
        table.obstacles()
                .forEach((mode, whys) -> whys.forEach((guests, why) -> html.append("<li><b>" + mode.word() + "</b>"
                        + (table.guests().size() > 1 ? ", guests at once: " + guests : "") + ": " + Html.escaped(why)
                        + "</li>\n")));
        modesByReason(table)
                .forEach((reason, modes) -> html.append("<li>" + Html.escaped(reason) + " <small>("
                        + Html.escaped(String.join(", ", modes)) + ")</small></li>\n"));
        html.append("</ul>\n");
    }

    /** Most reasons hold of many modes. */
    private static Map<String, List<String>> modesByReason(Table table) {
        Map<String, List<String>> modes = new LinkedHashMap<>();
        table.uncounted()
                .forEach((mode, whys) -> whys.forEach(
                        (metric, why) -> modes.computeIfAbsent(metric.title() + ": " + why, reason -> new ArrayList<>())
                                .add(mode.word())));
        return modes;
    }

    private void properties(StringBuilder html, Kind kind) {
        List<Mode> modes = tables.stream()
                .flatMap(table -> table.modes().stream())
                .filter(mode -> mode.kind() == kind)
                .distinct()
                .toList();
        if (modes.isEmpty()) {
            return;
        }
        html.append("<h2>What no benchmark shows: " + kind.title()
                + "</h2>\n<div class='wide'><table class='words'><tr><th></th>");
        for (Property property : Property.values()) {
            html.append("<th>" + property.title() + "</th>");
        }
        html.append("</tr>\n");
        for (Mode mode : modes) {
            html.append("<tr><th>" + mode.word() + "</th>");
            for (Property property : Property.values()) {
                Property.Value value = property.of(mode);
                html.append("<td>" + Html.escaped(value.text()));
                if (!value.test().isEmpty()) {
                    html.append(" <code title='" + value.test() + "'>"
                            + value.test().substring(value.test().lastIndexOf('/') + 1) + "</code>");
                }
                html.append("</td>");
            }
            html.append("</tr>\n");
        }
        html.append("</table></div>\n");
    }
}
