package dev.ringside.bench.measure;

import dev.ringside.bench.BenchException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * Lets the contenders take turns.
 *
 * @param <C> the cells of the benchmark
 */
public final class Rounds<C extends Cell> {
    /** Brings the machine into the state that a run in this cell starts from. */
    @FunctionalInterface
    public interface Preparation<C> {
        void prepare(C cell) throws BenchException, InterruptedException;
    }

    private final List<? extends Contender<C>> contenders;
    private final Preparation<C> preparation;
    private final Metric progressMetric;
    private final PrintStream progress;

    /** @param progressMetric which value of a run is shown to whoever waits */
    public Rounds(
            List<? extends Contender<C>> contenders,
            Preparation<C> preparation,
            Metric progressMetric,
            PrintStream progress) {
        this.contenders = contenders;
        this.preparation = preparation;
        this.progressMetric = progressMetric;
        this.progress = progress;
    }

    /** Measures one cell. A contender that fails is out, the others go on. */
    public CellResult measure(C cell, int runs) throws InterruptedException {
        CellResult result = new CellResult(cell);
        List<Contender<C>> running = new ArrayList<>();
        for (Contender<C> contender : contenders) {
            if (contender.joins(cell)) {
                contender
                        .excuse(cell)
                        .ifPresentOrElse(
                                excuse -> result.excuses().put(contender.name(), excuse), () -> running.add(contender));
            }
        }
        for (int round = 0; round < runs && !running.isEmpty(); round++) {
            for (Contender<C> contender : inTurn(running, round)) {
                if (!attempt(contender, cell, result)) {
                    running.remove(contender);
                }
            }
        }
        progress.println();
        return result;
    }

    /** Each round begins with the next one. */
    static <T> List<T> inTurn(List<T> all, int round) {
        List<T> turned = new ArrayList<>(all);
        Collections.rotate(turned, -round);
        return turned;
    }

    private boolean attempt(Contender<C> contender, C cell, CellResult result) throws InterruptedException {
        try {
            preparation.prepare(cell);
            Sample sample = contender.run(cell);
            result.add(contender.name(), sample);
            progress.print("  " + contender.name());
            sample.get(progressMetric).ifPresent(value -> progress.printf(Locale.ROOT, " %.1f k", value / 1000));
            progress.flush();
            return true;
        } catch (BenchException e) {
            result.failures().put(contender.name(), String.valueOf(e.getMessage()));
            progress.print("  " + contender.name() + " failed: " + e.getMessage());
            return false;
        }
    }
}
