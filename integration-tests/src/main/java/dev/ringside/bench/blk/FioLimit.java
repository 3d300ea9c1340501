package dev.ringside.bench.blk;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringside.bench.BenchException;
import dev.ringside.bench.blk.BlkCell.Load;
import dev.ringside.bench.blk.BlkCell.Polling;
import dev.ringside.bench.blk.BlkCell.Purpose;
import dev.ringside.bench.blk.BlkCell.Storage;
import dev.ringside.bench.host.Children;
import dev.ringside.bench.measure.Contender;
import dev.ringside.bench.measure.Sample;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The limit: fio's io_uring engine on the same file, on the backend's processor, without any virtual queue between. It
 * submits in batches, as a backend does that finds several requests in a queue.
 */
final class FioLimit implements Contender<BlkCell> {
    private static final Duration GRACE = Duration.ofMinutes(1);

    private final Tools tools;
    private final Children children;
    private final DiskFile file;
    private final BlkSettings settings;

    FioLimit(Tools tools, Children children, DiskFile file, BlkSettings settings) {
        this.tools = tools;
        this.children = children;
        this.file = file;
        this.settings = settings;
    }

    @Override
    public String name() {
        return "fio";
    }

    @Override
    public boolean joins(BlkCell cell) {
        return cell instanceof Load load
                && load.purpose() == Purpose.FIGURES
                && load.polling() == Polling.DEFAULT
                && load.storage() != Storage.NULL
                && load.queues() == 1;
    }

    @Override
    public Sample run(BlkCell cell) throws BenchException, InterruptedException {
        Load load = (Load) cell;
        List<String> command = List.of(
                tools.labProgram("fio"),
                "--name=limit",
                "--output-format=json",
                "--ioengine=io_uring",
                "--registerfiles",
                "--fixedbufs",
                "--filename=" + file.path().toString().replace(":", "\\:"),
                "--size=" + settings.fileBytes(),
                "--rw=" + load.kind().name().toLowerCase(Locale.ROOT),
                "--norandommap",
                "--randrepeat=0",
                "--bs=" + load.blockBytes(),
                "--iodepth=" + load.depth(),
                "--iodepth_batch_submit=" + load.depth(),
                "--iodepth_batch_complete_max=" + load.depth(),
                "--direct=" + (load.storage() == Storage.DIRECT ? 1 : 0),
                "--invalidate=0",
                "--fallocate=none",
                "--allow_file_create=0",
                // With the time of submission, in which a cached read is already done.
                "--lat_percentiles=1",
                "--clat_percentiles=0",
                "--time_based",
                "--ramp_time=" + settings.warmup().toMillis() + "ms",
                "--runtime=" + settings.window().toMillis() + "ms");
        Duration limit = settings.warmup().plus(settings.window()).plus(GRACE);
        String output = children.start("fio", settings.processors().backend(), command, Map.of())
                .await(limit);
        // It may say something before the JSON.
        JsonNode job = BlkClient.parse("fio", output.substring(Math.max(0, output.indexOf('{'))))
                .path("jobs")
                .path(0);
        return sample(job, load);
    }

    private static Sample sample(JsonNode job, Load load) {
        JsonNode side = job.path(load.kind().writes() ? "write" : "read");
        JsonNode percentile = side.path("lat_ns").path("percentile");
        double iops = side.path("iops").asDouble();
        double cpu = (job.path("usr_cpu").asDouble() + job.path("sys_cpu").asDouble()) / 100;
        Sample sample = new Sample()
                .with(BlkMetrics.IOPS, iops)
                .with(BlkMetrics.MEGABYTES, side.path("bw_bytes").asDouble() / 1e6)
                .with(BlkMetrics.MEAN, side.path("lat_ns").path("mean").asDouble() / 1000)
                .with(BlkMetrics.P50, percentile.path("50.000000").asDouble() / 1000)
                .with(BlkMetrics.P99, percentile.path("99.000000").asDouble() / 1000)
                .with(BlkMetrics.P999, percentile.path("99.900000").asDouble() / 1000);
        // It does not count io_uring's workers, which do the cached writes.
        return load.kind().writes() ? sample : sample.with(BlkMetrics.CPU, cpu * 1e6 / iops);
    }
}
