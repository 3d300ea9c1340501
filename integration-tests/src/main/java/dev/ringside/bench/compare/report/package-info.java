/** The comparison for a terminal, for programs, and for a browser. */
@NullMarked
package dev.ringside.bench.compare.report;

import org.jspecify.annotations.NullMarked;
