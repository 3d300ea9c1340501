package dev.ringside.bench.compare;

import dev.ringside.bench.compare.Plan.Turn;
import dev.ringside.bench.measure.Sample;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;

/** For whoever waits: a line for each workload of each turn, and how long it will take. */
final class Progress {
    private final PrintStream out;
    private final long start = System.nanoTime();
    private int expected;
    private int finished;

    Progress(PrintStream out) {
        this.out = out;
    }

    /** How many workloads there are to do. */
    void expect(int runs) {
        expected = runs;
    }

    void bringingUp(Turn turn) {
        out.printf(
                "[%d/%d%s] round %d: %s%s%n",
                finished,
                expected,
                left(),
                turn.round(),
                turn.mode().word(),
                turn.guests() == 1 ? "" : ", " + turn.guests() + " guests");
    }

    void measuring(Turn turn, Workload workload) {
        out.printf("  %s %s ...%n", turn.mode().word(), workload.word());
    }

    void done(Turn turn, Workload workload, Sample sample) {
        finished++;
        StringBuilder text = new StringBuilder();
        sample.get(Figures.THROUGHPUT).ifPresent(value -> text.append(String.format(Locale.ROOT, " %.1f MB/s", value)));
        sample.get(Figures.OPERATIONS).ifPresent(value -> text.append(String.format(Locale.ROOT, " %.0f/s", value)));
        sample.get(Figures.P50).ifPresent(value -> text.append(String.format(Locale.ROOT, " p50 %.0f us", value)));
        sample.get(Figures.CROSSINGS)
                .ifPresent(value -> text.append(String.format(Locale.ROOT, " %.2f crossings/op", value)));
        out.println("  " + turn.mode().word() + " " + workload.word() + ":" + text);
    }

    void failed(Turn turn, Workload workload, String why) {
        finished++;
        out.println("  " + turn.mode().word() + " " + workload.word() + " FAILED: " + why);
    }

    private String left() {
        if (finished == 0) {
            return "";
        }
        long seconds = (System.nanoTime() - start) / finished * (expected - finished) / 1_000_000_000;
        Duration left = Duration.ofSeconds(seconds);
        return String.format(Locale.ROOT, ", %d:%02d left", left.toMinutes(), left.toSecondsPart());
    }
}
