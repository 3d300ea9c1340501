package dev.ringside.bench.compare;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.compare.Plan.Turn;
import dev.ringside.bench.host.OthersWork;
import dev.ringside.bench.host.SystemCalls;
import dev.ringside.bench.measure.Metric;
import dev.ringside.bench.measure.Sample;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Carries a plan out: turn after turn, whatever fails on the way. */
final class Comparison {
    /** A mode that has failed so often is not tried any more. */
    private static final int MOST_FAILURES = 2;

    private final Plan plan;
    private final Setting setting;
    private final Journal journal;
    private final Progress progress;
    private final Beds beds;
    private final Driver driver;
    private final Map<Mode, Integer> failures = new LinkedHashMap<>();

    Comparison(Plan plan, Setting setting, Journal journal, Progress progress) {
        this.plan = plan;
        this.setting = setting;
        this.journal = journal;
        this.progress = progress;
        beds = new Beds(setting);
        driver = new Driver(setting);
    }

    /** Measures what the journal does not have yet, and fills a table with all of it. */
    void run(Table table) throws BenchException, InterruptedException {
        table.modes().addAll(plan.modes());
        table.workloads().addAll(plan.workloads());
        table.guests().addAll(plan.guests());
        List<Turn> turns = new ArrayList<>();
        for (Turn turn : plan.turns()) {
            Optional<String> obstacle = Hardware.obstacle(turn.mode(), setting.hardware(), turn.guests());
            obstacle.ifPresentOrElse(
                    why -> table.obstacles()
                            .computeIfAbsent(turn.mode(), mode -> new LinkedHashMap<>())
                            .put(turn.guests(), why),
                    () -> turns.add(turn));
        }
        progress.expect(turns.stream().mapToInt(turn -> missing(turn).size()).sum());
        SystemCallsOrNot systemCalls = SystemCallsOrNot.open(setting);
        try {
            for (Turn turn : turns) {
                take(turn, systemCalls);
            }
        } finally {
            systemCalls.close();
        }
        turns.forEach(turn -> enter(turn, table));
    }

    private List<Workload> missing(Turn turn) {
        return plan.workloads(turn.mode()).stream()
                .filter(workload -> !journal.entries().containsKey(turn.key(workload)))
                .toList();
    }

    private void take(Turn turn, SystemCallsOrNot systemCalls) throws BenchException, InterruptedException {
        List<Workload> missing = missing(turn);
        if (missing.isEmpty()) {
            return;
        }
        if (failures.getOrDefault(turn.mode(), 0) >= MOST_FAILURES) {
            fail(turn, missing, "not tried again after " + MOST_FAILURES + " failures");
            return;
        }
        List<Workload> done = new ArrayList<>();
        try {
            measure(turn, missing, systemCalls, done);
        } catch (BenchException e) {
            failures.merge(turn.mode(), 1, Integer::sum);
            List<Workload> left = new ArrayList<>(missing);
            left.removeAll(done);
            fail(turn, left, String.valueOf(e.getMessage()));
        }
    }

    private void fail(Turn turn, List<Workload> workloads, String why) throws BenchException {
        for (int i = 0; i < workloads.size(); i++) {
            String told = i == 0 ? why : "not tried: the one before has failed";
            journal.add(new Journal.Entry(turn.key(workloads.get(i)), new Sample(), told, Map.of(), List.of()));
            progress.failed(turn, workloads.get(i), told);
        }
    }

    private void measure(Turn turn, List<Workload> workloads, SystemCallsOrNot systemCalls, List<Workload> done)
            throws BenchException, InterruptedException {
        progress.bringingUp(turn);
        try (Bed bed = beds.make(turn.mode(), turn.guests())) {
            for (Workload workload : workloads) {
                progress.measuring(turn, workload);
                Duration warmup = plan.warmup();
                if (!warmup.isZero() && !(plan.warmsUpOnce() && !done.isEmpty())) {
                    driver.run(bed, workload, warmup);
                }
                Counts before = Counts.before(setting, bed);
                OthersWork others = OthersWork.now();
                Result result = driver.run(bed, workload, plan.window());
                double disturbed = OthersWork.now().processorsSince(others);
                Counts counts = Counts.after(setting, bed).minus(before);
                Sample sample = Samples.of(bed.mode(), result, counts).with(Figures.OTHERS, disturbed);
                Map<Metric, String> uncounted = new LinkedHashMap<>();
                if (turn.round() == 1) {
                    trace(bed, workload, sample, systemCalls, uncounted);
                }
                Samples.addCrossings(sample);
                uncounted.putAll(Samples.uncounted(bed.mode(), setting, sample, systemCalls.reason()));
                journal.add(new Journal.Entry(turn.key(workload), sample, null, uncounted, bed.commandLines()));
                done.add(workload);
                progress.done(turn, workload, sample);
            }
        }
    }

    /** What has been timed stays, even if counting fails. */
    private void trace(
            Bed bed, Workload workload, Sample sample, SystemCallsOrNot systemCalls, Map<Metric, String> uncounted)
            throws BenchException, InterruptedException {
        try {
            new Tracing(setting, driver, systemCalls.counter()).run(bed, workload, sample);
        } catch (BenchException e) {
            bed.checkAlive();
            for (Metric metric : List.of(Figures.TRAPS, Figures.SYSTEM_CALLS)) {
                if (sample.get(metric).isEmpty()) {
                    uncounted.put(metric, String.valueOf(e.getMessage()));
                }
            }
        }
    }

    /** What the journal has of a turn. */
    private void enter(Turn turn, Table table) {
        for (Workload workload : plan.workloads(turn.mode())) {
            Journal.Entry entry = journal.entries().get(turn.key(workload));
            if (entry == null) {
                continue;
            }
            Table.Cell cell = new Table.Cell(turn.mode(), workload, turn.guests());
            if (entry.failure() != null) {
                table.addFailure(cell, "round " + turn.round() + ": " + entry.failure());
                continue;
            }
            table.add(cell, entry.sample());
            table.uncounted()
                    .computeIfAbsent(turn.mode(), mode -> new LinkedHashMap<>())
                    .putAll(entry.uncounted());
            if (turn.guests() == plan.guests().getFirst()) {
                table.commandLines().putIfAbsent(turn.mode(), entry.commandLines());
            }
        }
    }

    /** The counter of system calls, or why there is none. */
    private record SystemCallsOrNot(
            @Nullable SystemCalls counter, @Nullable String reason) {
        static SystemCallsOrNot open(Setting setting) throws InterruptedException {
            try {
                return new SystemCallsOrNot(SystemCalls.open(setting.children()), null);
            } catch (BenchException e) {
                return new SystemCallsOrNot(null, String.valueOf(e.getMessage()));
            }
        }

        void close() {
            if (counter != null) {
                counter.close();
            }
        }
    }
}
