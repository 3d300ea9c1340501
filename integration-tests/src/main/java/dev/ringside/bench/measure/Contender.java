package dev.ringside.bench.measure;

import dev.ringside.bench.BenchException;
import java.util.Optional;

/**
 * A program that is measured.
 *
 * @param <C> the cells of the benchmark
 */
public interface Contender<C extends Cell> {
    /** One word. */
    String name();

    /** Whether it has anything to do with a cell; a limit, for example, is only of interest in some. */
    boolean joins(C cell);

    /** Why it cannot take part in a cell that it ought to, in a line for the report. */
    default Optional<String> excuse(C cell) {
        return Optional.empty();
    }

    /**
     * One run, from starting the program to its end.
     *
     * @throws BenchException if it fails; the contender is then out of this cell
     */
    Sample run(C cell) throws BenchException, InterruptedException;
}
