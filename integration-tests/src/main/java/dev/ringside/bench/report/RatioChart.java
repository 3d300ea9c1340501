package dev.ringside.bench.report;

import dev.ringside.bench.measure.Spread;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Ratios as an SVG picture: a dot for each median, a line from the smallest to the largest, on a logarithmic scale, so
 * that twice and half are as far from 1.
 */
final class RatioChart {
    private static final int LABEL_WIDTH = 260;
    private static final int PLOT_WIDTH = 520;
    private static final int VALUE_WIDTH = 190;
    private static final int ROW_HEIGHT = 20;
    private static final int TOP = 24;
    private static final List<Double> TICKS = List.of(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0);
    private static final double SMALLEST_REACH = 2.2;

    private final String title;
    private final boolean higherIsBetter;
    private final List<Row> rows = new ArrayList<>();

    /** @param limit what is to be reached; NaN if nothing is */
    private record Row(String label, Spread ratio, double limit) {}

    RatioChart(String title, boolean higherIsBetter) {
        this.title = title;
        this.higherIsBetter = higherIsBetter;
    }

    void add(String label, Spread ratio, double limit) {
        rows.add(new Row(label, ratio, limit));
    }

    boolean isEmpty() {
        return rows.isEmpty();
    }

    String svg() {
        int width = LABEL_WIDTH + PLOT_WIDTH + VALUE_WIDTH;
        int height = TOP + rows.size() * ROW_HEIGHT + 8;
        StringBuilder svg = new StringBuilder(String.format(
                Locale.ROOT,
                "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' role='img' aria-label='%s'>%n",
                width,
                height,
                Html.escaped(title)));
        double reach = reach();
        for (double tick : TICKS) {
            if (tick >= 1 / reach && tick <= reach) {
                double x = x(tick, reach);
                svg.append(String.format(
                        Locale.ROOT,
                        "<line class='%s' x1='%.1f' x2='%.1f' y1='%d' y2='%d'/>%n",
                        tick == 1 ? "one" : "tick",
                        x,
                        x,
                        TOP - 4,
                        height - 6));
                svg.append(String.format(
                        Locale.ROOT, "<text class='axis' x='%.1f' y='%d'>x%s</text>%n", x, TOP - 10, tick(tick)));
            }
        }
        for (int i = 0; i < rows.size(); i++) {
            row(svg, rows.get(i), TOP + i * ROW_HEIGHT + ROW_HEIGHT / 2, reach);
        }
        return svg.append("</svg>\n").toString();
    }

    private void row(StringBuilder svg, Row row, int y, double reach) {
        Spread ratio = row.ratio();
        boolean better = higherIsBetter ? ratio.median() >= 1 : ratio.median() <= 1;
        String kind = better ? "better" : "worse";
        svg.append(String.format(
                Locale.ROOT,
                "<text class='label' x='%d' y='%d'>%s</text>%n",
                LABEL_WIDTH - 12,
                y + 4,
                Html.escaped(row.label())));
        svg.append(String.format(
                Locale.ROOT,
                "<line class='range %s' x1='%.1f' x2='%.1f' y1='%d' y2='%d'/>%n",
                kind,
                x(ratio.min(), reach),
                x(ratio.max(), reach),
                y,
                y));
        svg.append(String.format(
                Locale.ROOT, "<circle class='%s' cx='%.1f' cy='%d' r='4.5'/>%n", kind, x(ratio.median(), reach), y));
        if (!Double.isNaN(row.limit())) {
            double x = x(row.limit(), reach);
            svg.append(String.format(
                    Locale.ROOT, "<line class='limit' x1='%.1f' x2='%.1f' y1='%d' y2='%d'/>%n", x, x, y - 8, y + 8));
        }
        svg.append(String.format(
                Locale.ROOT,
                "<text class='value' x='%d' y='%d'>%s</text>%n",
                LABEL_WIDTH + PLOT_WIDTH + 12,
                y + 4,
                Numbers.ratio(ratio)));
    }

    /** How far from 1 the scale goes, on both sides. */
    private double reach() {
        double reach = SMALLEST_REACH;
        for (Row row : rows) {
            for (double value : new double[] {row.ratio().min(), row.ratio().max(), row.limit()}) {
                if (value > 0 && Double.isFinite(value)) {
                    reach = Math.max(reach, Math.max(value, 1 / value) * 1.05);
                }
            }
        }
        return reach;
    }

    private static double x(double ratio, double reach) {
        double position = ratio <= 0 ? -1 : Math.log(ratio) / Math.log(reach);
        return LABEL_WIDTH + PLOT_WIDTH / 2.0 * (1 + Math.clamp(position, -1, 1));
    }

    private static String tick(double tick) {
        return tick >= 1 ? String.valueOf(Math.round(tick)) : String.valueOf(tick);
    }
}
