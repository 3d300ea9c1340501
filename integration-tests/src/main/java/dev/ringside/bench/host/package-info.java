/** The machine that is measured on: its processors, its processes, their ends. */
@NullMarked
package dev.ringside.bench.host;

import org.jspecify.annotations.NullMarked;
