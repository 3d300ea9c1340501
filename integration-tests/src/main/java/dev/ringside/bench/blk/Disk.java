package dev.ringside.bench.blk;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A disk to be served.
 *
 * @param file null for the null backend
 * @param bytes its size
 * @param direct whether to go past the page cache
 */
record Disk(Path socket, @Nullable Path file, long bytes, boolean direct, boolean readOnly, int queues) {}
