package dev.ringside.bench.blk;

import dev.ringside.bench.host.Processors;
import java.time.Duration;

/**
 * How runs are made.
 *
 * @param warmup before the window: time for the just-in-time compiler, for one
 * @param window what is measured
 * @param clientPolls whether the client never sleeps
 * @param pollMicros for the cells in which ours polls
 * @param fileBytes of the disk
 * @param folios the size of the folios by which the page cache holds the file: small or large
 */
record BlkSettings(
        Processors processors,
        Duration warmup,
        Duration window,
        boolean clientPolls,
        int pollMicros,
        long fileBytes,
        String folios) {}
