package dev.ringside.bench.blk;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringside.bench.BenchException;
import dev.ringside.bench.blk.BlkCell.Footprint;
import dev.ringside.bench.blk.BlkCell.Kind;
import dev.ringside.bench.blk.BlkCell.Load;
import dev.ringside.bench.blk.BlkCell.Polling;
import dev.ringside.bench.blk.BlkCell.Purpose;
import dev.ringside.bench.blk.BlkCell.Startup;
import dev.ringside.bench.blk.BlkCell.Storage;
import dev.ringside.bench.host.Child;
import dev.ringside.bench.host.JavaAllocation;
import dev.ringside.bench.host.Listening;
import dev.ringside.bench.host.Memory;
import dev.ringside.bench.host.Workspace;
import dev.ringside.bench.measure.Contender;
import dev.ringside.bench.measure.Sample;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A vhost-user-blk backend in the benchmark. */
final class BackendContender implements Contender<BlkCell> {
    private final Backend backend;
    private final Workspace workspace;
    private final DiskFile file;
    private final BlkClient client;
    private final BlkSettings settings;

    BackendContender(Backend backend, Workspace workspace, DiskFile file, BlkClient client, BlkSettings settings) {
        this.backend = backend;
        this.workspace = workspace;
        this.file = file;
        this.client = client;
        this.settings = settings;
    }

    @Override
    public String name() {
        return backend.name();
    }

    @Override
    public boolean joins(BlkCell cell) {
        return backend.isJava() || !(cell instanceof Load load && load.purpose() == Purpose.ALLOCATION);
    }

    @Override
    public Optional<String> excuse(BlkCell cell) {
        return cell instanceof Load load ? backend.excuse(load) : Optional.empty();
    }

    @Override
    public Sample run(BlkCell cell) throws BenchException, InterruptedException {
        return switch (cell) {
            case Load load -> run(load);
            case Startup startup -> startUp();
            case Footprint footprint -> measureFootprint(footprint);
        };
    }

    private Sample run(Load load) throws BenchException, InterruptedException {
        Disk disk = new Disk(
                socket(0),
                load.storage() == Storage.NULL ? null : file.path(),
                settings.fileBytes(),
                load.storage() == Storage.DIRECT,
                false,
                load.queues());
        try (Child child =
                start(List.of(disk), load.polling(), settings.processors().backend())) {
            return switch (load.purpose()) {
                case FIGURES -> figures(child, disk, load);
                case VERIFICATION -> verify(child, disk, load);
                case ALLOCATION -> allocation(child, disk, load);
            };
        }
    }

    private Sample figures(Child child, Disk disk, Load load) throws BenchException, InterruptedException {
        JsonNode seen = client.run(disk.socket(), load, false, child.pid(), settings.warmup(), settings.window());
        return sample(seen).with(BlkMetrics.RESIDENT, Memory.residentMegabytes(child.pid()));
    }

    private Sample verify(Child child, Disk disk, Load load) throws BenchException, InterruptedException {
        JsonNode seen = client.run(disk.socket(), load, true, child.pid(), Duration.ZERO, settings.window());
        if (load.kind().writes()) {
            // What was written stands in the file, and nothing else has changed.
            Load reads = Load.of(load.storage(), Kind.READ, load.blockBytes(), load.depth(), 1, load.polling());
            client.run(disk.socket(), reads, true, child.pid(), Duration.ZERO, settings.window());
        }
        return new Sample().with(BlkMetrics.VERIFIED, seen.path("requests").asDouble());
    }

    private Sample allocation(Child child, Disk disk, Load load) throws BenchException, InterruptedException {
        try (JavaAllocation allocation = new JavaAllocation(child.pid())) {
            client.run(disk.socket(), load, false, child.pid(), Duration.ZERO, settings.warmup());
            long before = allocation.allocatedBytes();
            JsonNode seen = client.run(disk.socket(), load, false, child.pid(), Duration.ZERO, settings.window());
            // The client's coming and going is in it; what is left of it per request is little.
            long bytes = allocation.allocatedBytes() - before;
            return new Sample()
                    .with(BlkMetrics.ALLOCATED, bytes / seen.path("requests").asDouble());
        }
    }

    private Sample startUp() throws BenchException, InterruptedException {
        Disk disk = new Disk(socket(0), null, settings.fileBytes(), false, false, 1);
        long before = System.nanoTime();
        try (Child child = start(List.of(disk), Polling.DEFAULT, null)) {
            double seconds = (System.nanoTime() - before) / 1e9;
            return new Sample()
                    .with(BlkMetrics.STARTUP, seconds)
                    .with(BlkMetrics.RESIDENT, Memory.residentMegabytes(child.pid()));
        }
    }

    private Sample measureFootprint(Footprint footprint) throws BenchException, InterruptedException {
        // Read-only, so that all can have the same file.
        List<Disk> disks = IntStream.range(0, footprint.disks())
                .mapToObj(i -> new Disk(socket(i), file.path(), settings.fileBytes(), false, true, 1))
                .toList();
        Load load = Load.of(Storage.CACHED, Kind.RANDREAD, 4096, 32, 1, Polling.DEFAULT);
        try (Child child = start(disks, Polling.DEFAULT, settings.processors().backend())) {
            for (Disk disk : disks) {
                client.run(disk.socket(), load, false, child.pid(), Duration.ZERO, settings.window());
            }
            return new Sample().with(BlkMetrics.RESIDENT, Memory.residentMegabytes(child.pid()));
        }
    }

    /** Starts it and waits until it listens. */
    private Child start(List<Disk> disks, Polling polling, @Nullable Integer processor)
            throws BenchException, InterruptedException {
        Child child = workspace
                .children()
                .start(backend.name(), processor, backend.command(disks, polling), backend.environment());
        try {
            Listening.await(child, disks.stream().map(Disk::socket).toList());
            return child;
        } catch (BenchException | InterruptedException e) {
            child.close();
            throw e;
        }
    }

    private Path socket(int number) {
        return workspace.directory().resolve(backend.name() + number + ".sock");
    }

    /** The client's words into ours. */
    static Sample sample(JsonNode seen) {
        double requests = seen.path("requests").asDouble();
        double seconds = seen.path("seconds").asDouble();
        JsonNode latency = seen.path("latency_us");
        double switches = seen.path("backend_voluntary_switches").asDouble()
                + seen.path("backend_involuntary_switches").asDouble();
        return new Sample()
                .with(BlkMetrics.IOPS, requests / seconds)
                .with(BlkMetrics.MEGABYTES, seen.path("bytes").asDouble() / seconds / 1e6)
                .with(BlkMetrics.MEAN, latency.path("mean").asDouble())
                .with(BlkMetrics.P50, latency.path("p50").asDouble())
                .with(BlkMetrics.P99, latency.path("p99").asDouble())
                .with(BlkMetrics.P999, latency.path("p999").asDouble())
                .with(BlkMetrics.CPU, seen.path("backend_cpu_seconds").asDouble() * 1e6 / requests)
                .with(BlkMetrics.SWITCHES, switches * 1000 / requests)
                .with(BlkMetrics.KICKS, seen.path("kicks").asDouble() * 1000 / requests)
                .with(BlkMetrics.CALLS, seen.path("calls").asDouble() * 1000 / requests)
                .with(BlkMetrics.CLIENT_CPU, seen.path("client_cpu_seconds").asDouble() * 1e6 / requests);
    }
}
