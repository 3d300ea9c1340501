package dev.ringside.bench.report;

import dev.ringside.bench.measure.CellResult;
import dev.ringside.bench.measure.Metric;
import dev.ringside.bench.measure.Spread;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The results of one cell as rows of words: a row for each metric; ours, theirs and the ratio first, then the limits. */
final class ResultTable {
    private static final String NOTHING = "-";

    private final Report report;
    private final CellResult result;

    ResultTable(Report report, CellResult result) {
        this.report = report;
        this.result = result;
    }

    List<String> header() {
        List<String> header = new ArrayList<>(List.of(""));
        for (String name : contenders()) {
            header.add(name);
            if (name.equals(report.baseline())) {
                header.add(report.subject() + "/" + report.baseline());
            }
        }
        return header;
    }

    List<List<String>> rows() {
        List<List<String>> rows = new ArrayList<>();
        for (Metric metric : report.shown()) {
            if (contenders().stream()
                    .anyMatch(name -> result.spread(name, metric).isPresent())) {
                rows.add(row(metric));
            }
        }
        return rows;
    }

    private List<String> row(Metric metric) {
        List<String> row = new ArrayList<>(List.of(metric.label()));
        for (String name : contenders()) {
            row.add(show(result.spread(name, metric).map(Numbers::of)));
            if (name.equals(report.baseline())) {
                Optional<Spread> ratio = result.ratio(report.subject(), report.baseline(), metric);
                row.add(show(ratio.map(Numbers::ratio)));
            }
        }
        return row;
    }

    /** In the order of the report: the one who came first in the rounds is not always the first to be read. */
    private List<String> contenders() {
        List<String> names = new ArrayList<>(result.samples().keySet());
        names.sort((a, b) -> Integer.compare(rank(a), rank(b)));
        return names;
    }

    private int rank(String name) {
        return name.equals(report.subject()) ? 0 : name.equals(report.baseline()) ? 1 : 2;
    }

    private static String show(Optional<String> value) {
        return value.orElse(NOTHING);
    }
}
