package dev.ringside.bench.compare;

import dev.ringside.bench.measure.Metric;
import dev.ringside.bench.measure.Sample;
import dev.ringside.bench.measure.Spread;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** All that was measured on one machine: what is in one table may be compared. */
public final class Table {
    /** A workload of a mode, with some guests at once. */
    public record Cell(Mode mode, Workload workload, int guests) {}

    private final String name;
    private final String title;
    private final Map<String, String> machine = new LinkedHashMap<>();
    private final Map<String, String> settings = new LinkedHashMap<>();
    private final List<String> notes = new ArrayList<>();
    private final Set<Mode> modes = new LinkedHashSet<>();
    private final Set<Workload> workloads = new LinkedHashSet<>();
    private final Set<Integer> guests = new LinkedHashSet<>();
    private final Map<Cell, List<Sample>> samples = new LinkedHashMap<>();
    private final Map<Cell, List<String>> failures = new LinkedHashMap<>();
    private final Map<Mode, Map<Integer, String>> obstacles = new LinkedHashMap<>();
    private final Map<Mode, Map<Metric, String>> uncounted = new LinkedHashMap<>();
    private final Map<Mode, List<String>> commandLines = new LinkedHashMap<>();

    /**
     * An empty one.
     *
     * @param name one word
     * @param title what is special about the machine, in a few words
     */
    public Table(String name, String title) {
        this.name = name;
        this.title = title;
    }

    public String name() {
        return name;
    }

    public String title() {
        return title;
    }

    /** What one has to know of the machine. */
    public Map<String, String> machine() {
        return machine;
    }

    /** How it was measured. */
    public Map<String, String> settings() {
        return settings;
    }

    /** What a reader has to know, a line each. */
    public List<String> notes() {
        return notes;
    }

    /** Those that were asked for. */
    public Set<Mode> modes() {
        return modes;
    }

    /** Those that were asked for. */
    public Set<Workload> workloads() {
        return workloads;
    }

    /** How many at once. */
    public Set<Integer> guests() {
        return guests;
    }

    /** By mode and number of guests: why it is not measured at all. */
    public Map<Mode, Map<Integer, String>> obstacles() {
        return obstacles;
    }

    /** By mode and metric: why it is not counted. */
    public Map<Mode, Map<Metric, String>> uncounted() {
        return uncounted;
    }

    /** How a mode's programs were started, with one guest. */
    public Map<Mode, List<String>> commandLines() {
        return commandLines;
    }

    public void add(Cell cell, Sample sample) {
        samples.computeIfAbsent(cell, key -> new ArrayList<>()).add(sample);
    }

    public void addFailure(Cell cell, String why) {
        failures.computeIfAbsent(cell, key -> new ArrayList<>()).add(why);
    }

    public List<Sample> samples(Cell cell) {
        return samples.getOrDefault(cell, List.of());
    }

    /** Of all cells. */
    public List<Sample> samples() {
        return samples.values().stream().flatMap(List::stream).toList();
    }

    /** What went wrong, a line for each run. */
    public List<String> failures(Cell cell) {
        return failures.getOrDefault(cell, List.of());
    }

    public boolean hasFailures() {
        return !failures.isEmpty();
    }

    /** Smallest, median and largest of the runs. */
    public Optional<Spread> spread(Cell cell, Metric metric) {
        return Spread.of(samples(cell), metric);
    }

    /** Those of a workload that have figures, in order. */
    public List<Cell> measured(Workload workload, int atOnce) {
        return modes.stream()
                .map(mode -> new Cell(mode, workload, atOnce))
                .filter(cell -> !samples(cell).isEmpty())
                .toList();
    }

    /** Those of a workload that have failed at least once, in order. */
    public List<Cell> failed(Workload workload, int atOnce) {
        return modes.stream()
                .map(mode -> new Cell(mode, workload, atOnce))
                .filter(cell -> !failures(cell).isEmpty())
                .toList();
    }
}
