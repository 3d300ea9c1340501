package dev.ringside.bench.report;

import dev.ringside.bench.measure.CellResult;
import dev.ringside.bench.measure.Metric;
import dev.ringside.bench.measure.Target;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The report for a browser: one file with charts, that needs nothing else. */
public final class HtmlReport {
    private static final String STYLE = """
            :root { color-scheme: light dark; --ink: #1c2430; --dim: #66707c; --line: #d5dae0; --paper: #fff;
              --better: #1f7a4d; --worse: #b3402a; --limit: #2458a6; }
            @media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --dim: #9aa4b0; --line: #39424d;
              --paper: #14181d; --better: #58c48d; --worse: #e88a72; --limit: #86b0f0; } }
            body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
              max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
            h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.5rem } p.facts { color: var(--dim) }
            div.wide { overflow-x: auto }
            table { border-collapse: collapse; font-variant-numeric: tabular-nums; white-space: nowrap }
            th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid var(--line) }
            tr > :first-child, table.targets td { text-align: left } th { font-weight: 600 }
            tr.met th { color: var(--better) } tr.missed th { color: var(--worse) }
            svg { width: 100%; min-width: 44rem; height: auto; font-size: 12px } svg text { fill: var(--ink) }
            .axis { text-anchor: middle; fill: var(--dim) } .label { text-anchor: end }
            .tick { stroke: var(--line) } .one { stroke: var(--dim) } .range { stroke-width: 2; stroke-linecap: round }
            .limit { stroke: var(--limit); stroke-width: 3 }
            line.better { stroke: var(--better) } line.worse { stroke: var(--worse) }
            circle.better { fill: var(--better) } circle.worse { fill: var(--worse) }
            """;

    private final Report report;
    private final Set<Metric> higherIsBetter;

    /** @param higherIsBetter the charted metrics of which more is better than less */
    public HtmlReport(Report report, Set<Metric> higherIsBetter) {
        this.report = report;
        this.higherIsBetter = higherIsBetter;
    }

    /** The document. */
    public String text() {
        String title = "Ringside: scripts/bench " + report.name();
        StringBuilder html = new StringBuilder("<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
                + "<meta name='viewport' content='width=device-width'>\n<title>" + Html.escaped(title)
                + "</title>\n<style>\n" + STYLE + "</style></head><body>\n<h1>" + Html.escaped(title) + "</h1>\n");
        html.append(facts(report.host())).append(facts(report.settings()));
        report.notes().forEach(note -> html.append("<p><strong>Note:</strong> " + Html.escaped(note) + "</p>\n"));
        html.append(targets());
        report.charted().forEach(metric -> html.append(chart(metric)));
        html.append(
                "<h2>All figures</h2>\n<p class='facts'>Median (min..max) over the runs; a ratio is of two runs in the"
                        + " same round.</p>\n");
        report.results().forEach(result -> html.append(cell(result)));
        return html.append("</body></html>\n").toString();
    }

    private static String facts(Map<String, String> facts) {
        List<String> words = new ArrayList<>();
        facts.forEach((key, value) -> words.add(key + " " + value));
        return "<p class='facts'>" + Html.escaped(String.join(" · ", words)) + "</p>\n";
    }

    private String chart(Metric metric) {
        boolean higher = higherIsBetter.contains(metric);
        String title =
                metric.title() + " relative to " + report.baseline() + ", " + (higher ? "more" : "less") + " is better";
        RatioChart chart = new RatioChart(title, higher);
        for (CellResult result : report.results()) {
            result.ratio(report.subject(), report.baseline(), metric)
                    .ifPresent(ratio -> chart.add(result.cell().name(), ratio, limit(result, metric)));
        }
        return chart.isEmpty()
                ? ""
                : "<h2>" + Html.escaped(title) + "</h2>\n<div class='wide'>" + chart.svg() + "</div>\n";
    }

    private double limit(CellResult result, Metric metric) {
        return report.verdicts().stream()
                .map(Target.Verdict::target)
                .filter(target -> target.relative()
                        && target.metric().equals(metric)
                        && target.cell().equals(result.cell().name()))
                .mapToDouble(Target::limit)
                .findFirst()
                .orElse(Double.NaN);
    }

    private String targets() {
        if (report.verdicts().isEmpty()) {
            return "";
        }
        StringBuilder rows = new StringBuilder("<h2>Targets</h2>\n<div class='wide'><table class='targets'>\n");
        for (Target.Verdict verdict : report.verdicts()) {
            String outcome = verdict.outcome().name().toLowerCase(Locale.ROOT);
            rows.append(Html.row(
                            List.of(
                                    outcome.replace('_', ' '),
                                    verdict.target().title(),
                                    Numbers.limit(verdict.target()),
                                    Numbers.value(verdict)),
                            false)
                    .replace("<tr>", "<tr class='" + outcome + "'>"));
        }
        return rows.append("</table></div>\n").toString();
    }

    private String cell(CellResult result) {
        StringBuilder html =
                new StringBuilder("<h3>" + Html.escaped(result.cell().title()) + "</h3>\n");
        html.append("<div class='wide'><table>\n");
        ResultTable table = new ResultTable(report, result);
        html.append(Html.row(table.header(), true));
        table.rows().forEach(row -> html.append(Html.row(row, false)));
        html.append("</table></div>\n");
        result.excuses().forEach((name, why) -> html.append("<p>" + Html.escaped(name + " " + why) + "</p>\n"));
        result.failures()
                .forEach((name, why) -> html.append("<p>" + Html.escaped(name + " failed: " + why) + "</p>\n"));
        return html.toString();
    }
}
