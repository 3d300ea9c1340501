/** Results for people (text, HTML with charts) and for programs (JSON). */
@NullMarked
package dev.ringside.bench.report;

import org.jspecify.annotations.NullMarked;
