/**
 * The benchmarks behind {@code scripts/bench}: what Ringside's back-ends do and cost, beside those of others, in one run.
 *
 * <p>{@code measure} has what every benchmark shares. A {@link dev.ringside.bench.measure.Cell} is a load,
 * a {@link dev.ringside.bench.measure.Contender} is a program that can be put under it, and {@link
 * dev.ringside.bench.measure.Rounds} lets the contenders take turns: every run starts a fresh process on a state that was
 * prepared the same way, and each round begins with another contender, so that what drifts on the machine drifts for
 * all. A ratio is taken within a round and reported as the median over the rounds, with the smallest and the largest.
 * {@code host} starts, pins and ends processes, {@code report} tells the results, and each benchmark has a package for
 * what is its own, such as {@code blk}.
 *
 * <p>Nothing of the other modules is used: they are run as a user runs them, by their scripts.
 */
@NullMarked
package dev.ringside.bench;

import org.jspecify.annotations.NullMarked;
