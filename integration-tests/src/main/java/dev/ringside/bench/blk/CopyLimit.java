package dev.ringside.bench.blk;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringside.bench.BenchException;
import dev.ringside.bench.blk.BlkCell.Kind;
import dev.ringside.bench.blk.BlkCell.Load;
import dev.ringside.bench.blk.BlkCell.Polling;
import dev.ringside.bench.blk.BlkCell.Purpose;
import dev.ringside.bench.blk.BlkCell.Storage;
import dev.ringside.bench.measure.Contender;
import dev.ringside.bench.measure.Sample;

/** The last limit: memcpy of as many bytes, from as much memory, on the backend's processor. */
record CopyLimit(BlkClient client) implements Contender<BlkCell> {
    private static final int SMALLEST_DEPTH = 8;

    @Override
    public String name() {
        return "memcpy";
    }

    @Override
    public boolean joins(BlkCell cell) {
        return cell instanceof Load load
                && load.purpose() == Purpose.FIGURES
                && load.polling() == Polling.DEFAULT
                && load.storage() == Storage.CACHED
                && (load.kind() == Kind.READ || load.kind() == Kind.RANDREAD)
                && load.queues() == 1
                && load.depth() >= SMALLEST_DEPTH;
    }

    @Override
    public Sample run(BlkCell cell) throws BenchException, InterruptedException {
        JsonNode seen = client.copy((Load) cell);
        double seconds = seen.path("seconds").asDouble();
        return new Sample()
                .with(BlkMetrics.IOPS, seen.path("requests").asDouble() / seconds)
                .with(BlkMetrics.MEGABYTES, seen.path("bytes").asDouble() / seconds / 1e6);
    }
}
