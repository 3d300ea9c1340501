package dev.ringside.bench.blk;

import dev.ringside.bench.blk.BlkCell.Footprint;
import dev.ringside.bench.blk.BlkCell.Kind;
import dev.ringside.bench.blk.BlkCell.Load;
import dev.ringside.bench.blk.BlkCell.Polling;
import dev.ringside.bench.blk.BlkCell.Purpose;
import dev.ringside.bench.blk.BlkCell.Startup;
import dev.ringside.bench.blk.BlkCell.Storage;
import dev.ringside.bench.measure.Metric;
import dev.ringside.bench.measure.Target;
import dev.ringside.bench.measure.Target.Bound;
import java.util.ArrayList;
import java.util.List;

/** The cells of the block benchmark, and what is to be reached in them. */
final class BlkCells {
    private static final int SMALL = 4096;
    private static final int LARGE = 128 * 1024;
    private static final int LARGE_DEPTH = 8;
    private static final int DISKS = 4;

    private static final Load READ_32 = Load.of(Storage.CACHED, Kind.RANDREAD, SMALL, 32, 1, Polling.DEFAULT);
    private static final Load WRITE_32 = Load.of(Storage.CACHED, Kind.RANDWRITE, SMALL, 32, 1, Polling.DEFAULT);

    private BlkCells() {}

    /** What {@code --quick} takes. */
    static final String QUICK = "read-4k-d1-q1,read-4k-d1-q1-*poll,read-4k-d32-q1,write-4k-d32-q1,read-4k-d32-q4,"
            + "read-4k-d32-q1-direct,seqread-128k-d8-q1,null-read-4k-d32-q1,*-verified,*-allocation,startup,memory-*";

    /** All of them. */
    static List<BlkCell> all() {
        List<BlkCell> cells = new ArrayList<>();
        for (Storage storage : List.of(Storage.CACHED, Storage.DIRECT)) {
            for (Kind kind : List.of(Kind.RANDREAD, Kind.RANDWRITE)) {
                for (int queues : List.of(1, 4)) {
                    for (int depth : List.of(1, 32, 128)) {
                        cells.add(Load.of(storage, kind, SMALL, depth, queues, Polling.DEFAULT));
                    }
                }
            }
            for (Kind kind : List.of(Kind.READ, Kind.WRITE)) {
                cells.add(Load.of(storage, kind, LARGE, LARGE_DEPTH, 1, Polling.DEFAULT));
            }
        }
        for (int depth : List.of(1, 32, 128)) {
            cells.add(Load.of(Storage.NULL, Kind.RANDREAD, SMALL, depth, 1, Polling.DEFAULT));
        }
        cells.add(Load.of(Storage.NULL, Kind.RANDREAD, SMALL, 32, 4, Polling.DEFAULT));
        cells.add(Load.of(Storage.CACHED, Kind.RANDREAD, SMALL, 1, 1, Polling.OFF));
        cells.add(Load.of(Storage.CACHED, Kind.RANDREAD, SMALL, 1, 1, Polling.OURS));
        cells.add(READ_32.as("read-4k-verified", Purpose.VERIFICATION));
        cells.add(WRITE_32.as("write-4k-verified", Purpose.VERIFICATION));
        cells.add(READ_32.as("read-4k-allocation", Purpose.ALLOCATION));
        cells.add(WRITE_32.as("write-4k-allocation", Purpose.ALLOCATION));
        cells.add(new Startup());
        cells.add(new Footprint(DISKS));
        return cells;
    }

    /** What the project wants to reach. */
    static List<Target> targets() {
        return List.of(
                ratio("random read, depth 32: IOPS", "read-4k-d32-q1", BlkMetrics.IOPS, Bound.AT_LEAST, 2.0),
                ratio("random read, depth 128: IOPS", "read-4k-d128-q1", BlkMetrics.IOPS, Bound.AT_LEAST, 2.0),
                ratio("random write, depth 32: IOPS", "write-4k-d32-q1", BlkMetrics.IOPS, Bound.AT_LEAST, 1.5),
                ratio("128 KiB sequential read: MB/s", "seqread-128k-d8-q1", BlkMetrics.MEGABYTES, Bound.AT_LEAST, 1.2),
                ratio(
                        "128 KiB sequential write: MB/s",
                        "seqwrite-128k-d8-q1",
                        BlkMetrics.MEGABYTES,
                        Bound.AT_LEAST,
                        1.2),
                ratio("null backend, depth 32: IOPS", "null-read-4k-d32-q1", BlkMetrics.IOPS, Bound.AT_LEAST, 1.0),
                ratio("random read, depth 32: p99", "read-4k-d32-q1", BlkMetrics.P99, Bound.AT_MOST, 1.0),
                ratio("random write, depth 32: p99", "write-4k-d32-q1", BlkMetrics.P99, Bound.AT_MOST, 1.0),
                ratio("depth 1 without polling: mean", "read-4k-d1-q1-nopoll", BlkMetrics.MEAN, Bound.AT_MOST, 1.0),
                ratio("depth 1 with --poll-us: mean", "read-4k-d1-q1-poll", BlkMetrics.MEAN, Bound.AT_MOST, 0.5),
                ratio("random read, depth 32: CPU per I/O", "read-4k-d32-q1", BlkMetrics.CPU, Bound.AT_MOST, 0.6),
                ratio("random write, depth 32: CPU per I/O", "write-4k-d32-q1", BlkMetrics.CPU, Bound.AT_MOST, 0.6),
                value("bytes allocated for a read", "read-4k-allocation", BlkMetrics.ALLOCATED, 200),
                value("bytes allocated for a write", "write-4k-allocation", BlkMetrics.ALLOCATED, 200),
                value("resident MB with 4 disks", new Footprint(DISKS).name(), BlkMetrics.RESIDENT, 200),
                value("seconds from exec to listening", new Startup().name(), BlkMetrics.STARTUP, 0.5));
    }

    private static Target ratio(String title, String cell, Metric metric, Bound bound, double limit) {
        return new Target(title, cell, metric, true, bound, limit);
    }

    private static Target value(String title, String cell, Metric metric, double limit) {
        return new Target(title, cell, metric, false, Bound.AT_MOST, limit);
    }
}
