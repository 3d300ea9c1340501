package dev.ringside.bench.measure;

/** One load of a benchmark. */
public interface Cell {
    /** Short, unique, made of words and hyphens: what {@code --cells} selects by. */
    String name();

    /** What it is, in a line. */
    String title();
}
