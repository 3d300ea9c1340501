package dev.ringside.bench;

import dev.ringside.bench.host.Processors;
import dev.ringside.bench.measure.Cell;
import dev.ringside.bench.measure.Metric;
import dev.ringside.bench.report.HtmlReport;
import dev.ringside.bench.report.JsonReport;
import dev.ringside.bench.report.Report;
import dev.ringside.bench.report.TextReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that all benchmarks have. */
public final class CommonOptions {
    private static final int QUICK_RUNS = 2;
    private static final int RUNS = 5;
    private static final double QUICK_SECONDS = 0.5;
    private static final double SECONDS = 4;
    private static final double QUICK_WARMUP = 1;
    private static final double WARMUP = 3;
    private static final double MOST_SECONDS = 3600;

    @Option(
            names = {"-h", "--help"},
            order = 0,
            usageHelp = true,
            description = "Print this help, and exit.")
    @SuppressWarnings("unused") // by picocli
    private boolean help;

    @Option(
            names = "--quick",
            order = 1,
            description = "A glance at the most telling cells: few short runs. To see that it works, not to quote.")
    private boolean quick;

    @Option(
            names = "--runs",
            order = 2,
            paramLabel = "N",
            description = "Runs of each contender in each cell (default: 5).")
    private @Nullable Integer runs;

    @Option(names = "--seconds", order = 3, paramLabel = "S", description = "What a run measures (default: 4).")
    private @Nullable Double seconds;

    @Option(
            names = "--warmup",
            order = 4,
            paramLabel = "S",
            description = "What it does under load before that; Java compiles meanwhile (default: 3).")
    private @Nullable Double warmup;

    @Option(
            names = "--cells",
            order = 5,
            paramLabel = "GLOB,...",
            split = ",",
            description = "Only these, such as read-4k-*,null-* (see --list).")
    private List<String> cells = new ArrayList<>();

    @Option(names = "--list", order = 6, description = "Print the cells, and exit.")
    private boolean list;

    @Option(
            names = "--cpus",
            order = 7,
            paramLabel = "B,C",
            description = "The processors of backend and client (default: the last two cores).")
    private @Nullable String cpus;

    @Option(
            names = "--dir",
            order = 8,
            paramLabel = "DIR",
            description =
                    "Where to make files; gone afterwards (default: ringside/bench in $$XDG_CACHE_HOME or ~/.cache).")
    private @Nullable Path directory;

    @Option(names = "--json", order = 9, paramLabel = "FILE", description = "Write all runs and ratios, too.")
    private @Nullable Path json;

    @Option(
            names = {"--html", "--plot"},
            order = 10,
            paramLabel = "FILE",
            description = "Write a page with charts, too; it needs no other file.")
    private @Nullable Path html;

    /** Whether only to list the cells. */
    public boolean isList() {
        return list;
    }

    public int runs() throws BenchException {
        int chosen = runs != null ? runs : quick ? QUICK_RUNS : RUNS;
        if (chosen < 1) {
            throw new WrongOption("--runs must be 1 at least, not " + chosen);
        }
        return chosen;
    }

    public Duration window() throws BenchException {
        return duration("--seconds", seconds, quick ? QUICK_SECONDS : SECONDS, 0.1);
    }

    public Duration warmup() throws BenchException {
        return duration("--warmup", warmup, quick ? QUICK_WARMUP : WARMUP, 0);
    }

    private static Duration duration(String name, @Nullable Double given, double otherwise, double least)
            throws BenchException {
        double chosen = given != null ? given : otherwise;
        if (!(chosen >= least && chosen <= MOST_SECONDS)) {
            throw new WrongOption(name + " must be " + least + " to " + MOST_SECONDS + ", not " + chosen);
        }
        return Duration.ofMillis(Math.round(chosen * 1000));
    }

    public Processors processors() throws BenchException {
        return cpus == null ? Processors.choose() : Processors.parse(cpus);
    }

    /** Where to make files. */
    public Path directory() throws BenchException {
        if (directory != null) {
            return directory;
        }
        String cache = System.getenv("XDG_CACHE_HOME");
        String home = System.getenv("HOME");
        if (cache != null && !cache.isEmpty()) {
            return Path.of(cache, "ringside", "bench");
        }
        if (home == null) {
            throw new BenchException("HOME is not set: say --dir");
        }
        return Path.of(home, ".cache", "ringside", "bench");
    }

    /**
     * Those that were asked for.
     *
     * @param quickly comma-separated globs that {@code --quick} stands for
     */
    public <C extends Cell> List<C> select(List<C> all, String quickly) throws BenchException {
        List<String> globs = !cells.isEmpty() ? cells : quick ? List.of(quickly.split(",")) : List.of("*");
        List<PathMatcher> matchers = new ArrayList<>();
        for (String glob : globs) {
            PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + glob);
            if (all.stream().noneMatch(cell -> matcher.matches(Path.of(cell.name())))) {
                throw new WrongOption("--cells=" + glob + ": there is no such cell (see --list)");
            }
            matchers.add(matcher);
        }
        return all.stream()
                .filter(cell -> matchers.stream().anyMatch(matcher -> matcher.matches(Path.of(cell.name()))))
                .toList();
    }

    /** So that an hour of measuring does not end in a file that cannot be written. */
    public void checkFiles() throws BenchException {
        for (Path file : new Path[] {json, html}) {
            if (file != null) {
                Path parent = file.toAbsolutePath().getParent();
                if (Files.isDirectory(file) || parent == null || !Files.isWritable(parent)) {
                    throw new BenchException("cannot write " + file);
                }
            }
        }
    }

    /** Prints the report and writes it to the files that were asked for. */
    public void tell(Report report, Set<Metric> higherIsBetter, PrintWriter out) throws BenchException {
        out.print(new TextReport(report).text());
        out.flush();
        write(json, new JsonReport(report).text());
        write(html, new HtmlReport(report, higherIsBetter).text());
    }

    private static void write(@Nullable Path file, String text) throws BenchException {
        if (file != null) {
            try {
                Files.writeString(file, text);
            } catch (IOException e) {
                throw new BenchException("cannot write " + file + ": " + e.getMessage(), e);
            }
        }
    }
}
