package dev.ringside.bench.compare.report;

import dev.ringside.bench.compare.Noise;
import dev.ringside.bench.compare.Table;
import dev.ringside.bench.compare.Way;
import dev.ringside.bench.measure.Metric;
import dev.ringside.bench.measure.Spread;
import dev.ringside.bench.report.Html;
import dev.ringside.bench.report.Numbers;
import java.util.List;
import java.util.Locale;

/**
 * A metric of one workload as an SVG picture: a bar for each mode, as long as its median, with a whisker from the smallest
 * to the largest run.
 */
final class BarChart {
    private static final int LABELS = 185;
    private static final int BARS = 330;
    private static final int VALUES = 100;
    private static final int ROW = 26;
    private static final int BAR = 16;
    private static final int TOP = 4;

    private BarChart() {}

    /** Nothing, if no mode has the metric. */
    static String svg(Table table, List<Table.Cell> cells, Metric metric) {
        List<Table.Cell> shown = cells.stream()
                .filter(cell -> table.spread(cell, metric).isPresent())
                .toList();
        double most = shown.stream()
                .mapToDouble(cell -> table.spread(cell, metric).orElseThrow().max())
                .max()
                .orElse(0);
        if (most <= 0) {
            return "";
        }
        StringBuilder svg = new StringBuilder(String.format(
                Locale.ROOT,
                "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' role='img' aria-label='%s'>%n",
                LABELS + BARS + VALUES,
                TOP + shown.size() * ROW + TOP,
                Html.escaped(metric.label())));
        for (int i = 0; i < shown.size(); i++) {
            row(svg, table, shown.get(i), metric, TOP + i * ROW, BARS / most);
        }
        return svg.append("</svg>\n").toString();
    }

    private static void row(StringBuilder svg, Table table, Table.Cell cell, Metric metric, int y, double scale) {
        Spread spread = table.spread(cell, metric).orElseThrow();
        int middle = y + ROW / 2;
        String best = switch (Noise.of(table, cell, metric)) {
            case BEST -> " best";
            case WITHIN -> " near";
            case BEYOND, UNKNOWN -> "";
        };
        svg.append(String.format(
                Locale.ROOT,
                "<text class='label' x='%d' y='%d'>%s</text>%n<rect class='%s' x='%d' y='%d' width='%.1f' height='%d' rx='2'/>%n",
                LABELS - 10,
                middle + 4,
                Html.escaped(cell.mode().word()),
                wayClass(cell.mode().way()),
                LABELS,
                middle - BAR / 2,
                Math.max(1, spread.median() * scale),
                BAR));
        // One run has none.
        if (spread.max() > spread.min()) {
            svg.append(String.format(
                    Locale.ROOT,
                    "<path class='whisker' d='M%1$.1f %3$d v6 m0 -3 H%2$.1f m0 -3 v6'/>%n",
                    LABELS + spread.min() * scale,
                    LABELS + spread.max() * scale,
                    middle - 3));
        }
        svg.append(String.format(
                Locale.ROOT,
                "<text class='value%s' x='%d' y='%d'>%s</text>%n",
                best,
                LABELS + BARS + 10,
                middle + 4,
                Numbers.of(spread.median()) + (best.isEmpty() ? "" : best.equals(" best") ? " *" : " ~")));
    }

    static String wayClass(Way way) {
        return way.name().toLowerCase(Locale.ROOT);
    }
}
