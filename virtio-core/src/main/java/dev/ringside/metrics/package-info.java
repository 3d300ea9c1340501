/**
 * Counting on the data path, and reading it from elsewhere.
 *
 * <p>A {@link dev.ringside.metrics.Counter} is written by the one thread that owns what it counts, with a plain load,
 * an addition and a plain store, and read by any. {@link dev.ringside.metrics.Metrics} is where a device announces what
 * it counts; {@code app} shows it to the world, or nobody does.
 */
@NullMarked
package dev.ringside.metrics;

import org.jspecify.annotations.NullMarked;
