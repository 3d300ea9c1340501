package dev.ringside.bench.measure;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The runs of all contenders in one cell. */
public final class CellResult {
    private final Cell cell;
    private final Map<String, List<Sample>> samples = new LinkedHashMap<>();
    private final Map<String, String> excuses = new LinkedHashMap<>();
    private final Map<String, String> failures = new LinkedHashMap<>();

    /** Without runs so far. */
    public CellResult(Cell cell) {
        this.cell = cell;
    }

    /** The cell. */
    public Cell cell() {
        return cell;
    }

    /** The runs by contender, in the order of the rounds. */
    public Map<String, List<Sample>> samples() {
        return samples;
    }

    /** Who did not take part, and why. */
    public Map<String, String> excuses() {
        return excuses;
    }

    /** Who dropped out, and why. */
    public Map<String, String> failures() {
        return failures;
    }

    /** Adds the run of a contender's next round. */
    public void add(String contender, Sample sample) {
        samples.computeIfAbsent(contender, name -> new ArrayList<>()).add(sample);
    }

    /** The spread of a contender's values. */
    public Optional<Spread> spread(String contender, Metric metric) {
        return Spread.of(samples.getOrDefault(contender, List.of()), metric);
    }

    /** The spread of one contender's values relative to another's. */
    public Optional<Spread> ratio(String subject, String baseline, Metric metric) {
        return Spread.ofRatios(
                samples.getOrDefault(subject, List.of()), samples.getOrDefault(baseline, List.of()), metric);
    }
}
