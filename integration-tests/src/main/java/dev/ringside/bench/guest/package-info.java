/** A guest of the lab with one NIC, and the network that it reaches: what benchmarks of NICs share. */
@NullMarked
package dev.ringside.bench.guest;

import org.jspecify.annotations.NullMarked;
