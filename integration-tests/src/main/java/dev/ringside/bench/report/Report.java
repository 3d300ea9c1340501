package dev.ringside.bench.report;

import dev.ringside.bench.measure.CellResult;
import dev.ringside.bench.measure.Metric;
import dev.ringside.bench.measure.Target;
import java.util.List;
import java.util.Map;

/**
 * All there is to tell of a benchmark.
 *
 * @param name one word
 * @param subject the contender whose values are divided
 * @param baseline the contender by whose values they are divided
 * @param host of the machine, in the order to be shown
 * @param settings of the benchmark, in the order to be shown
 * @param notes what a reader has to know, a line each
 * @param shown metrics for tables
 * @param charted metrics for charts of ratios
 */
public record Report(
        String name,
        String subject,
        String baseline,
        Map<String, String> host,
        Map<String, String> settings,
        List<String> notes,
        List<Metric> shown,
        List<Metric> charted,
        List<CellResult> results,
        List<Target.Verdict> verdicts) {}
