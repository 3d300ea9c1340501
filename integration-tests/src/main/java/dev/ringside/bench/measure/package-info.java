/** What is measured, by whom and how often: the machinery of all benchmarks, and its statistics. */
@NullMarked
package dev.ringside.bench.measure;

import org.jspecify.annotations.NullMarked;
