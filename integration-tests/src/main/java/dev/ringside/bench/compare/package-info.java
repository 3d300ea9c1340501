/**
 * {@code scripts/compare}: the ways to give a guest its I/O, side by side.
 *
 * <pre>
 *   Plan      rounds of turns: a mode is brought up, does all workloads, and is taken down; then the next mode
 *   Beds      bring a mode up: networks or images, back-ends, guests
 *   Driver    has the guests do a workload, and reads what they found      (timed)
 *   Counts    processor time, switches, traps, interrupts: before and after
 *   Tracing   the same workload once more, under the eyes of tracers       (counted)
 *   Journal   what is done is done: an interrupted comparison goes on
 *   Table     all of it, for the reports
 * </pre>
 *
 * <p>What slows a workload down when it is counted (system calls, others' kicks and registers) is never counted while it
 * is timed. A mode that cannot be measured is in the report with its reason, one that fails with its failure; nothing is
 * estimated.
 */
@NullMarked
package dev.ringside.bench.compare;

import org.jspecify.annotations.NullMarked;
