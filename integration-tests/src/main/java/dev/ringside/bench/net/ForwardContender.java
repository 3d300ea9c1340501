package dev.ringside.bench.net;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.guest.Settings;
import dev.ringside.bench.guest.Tools;
import dev.ringside.bench.host.Child;
import dev.ringside.bench.host.CpuTime;
import dev.ringside.bench.host.JavaAllocation;
import dev.ringside.bench.host.Listening;
import dev.ringside.bench.host.Workspace;
import dev.ringside.bench.measure.Contender;
import dev.ringside.bench.measure.Sample;
import dev.ringside.bench.net.NetCell.Forward;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Forwards between the two ports of a generator: our switch, or testpmd's vhost driver. */
final class ForwardContender implements Contender<NetCell> {
    private static final long POLL_MICROS = 1_000_000;

    private final boolean ours;
    private final Tools tools;
    private final Workspace workspace;
    private final Settings settings;

    ForwardContender(boolean ours, Tools tools, Workspace workspace, Settings settings) {
        this.ours = ours;
        this.tools = tools;
        this.workspace = workspace;
        this.settings = settings;
    }

    @Override
    public String name() {
        return ours ? "ringside" : "peer";
    }

    @Override
    public boolean joins(NetCell cell) {
        return cell instanceof Forward forward && (ours || !forward.allocation());
    }

    @Override
    public Sample run(NetCell cell) throws BenchException, InterruptedException {
        Forward forward = (Forward) cell;
        List<Path> sockets = List.of(socket(0), socket(1));
        Sample sample;
        try (Child backend = ours ? startOurs(sockets) : startTestpmd(sockets)) {
            sample = drive(forward, backend, sockets);
        }
        if (ours && !forward.allocation()) {
            Counts counts = Counts.of(workspace.directory().resolve("ringside.log"));
            sample.with(NetMetrics.KICKS, counts.kicksPer1000()).with(NetMetrics.CALLS, counts.callsPer1000());
        }
        return sample;
    }

    private Path socket(int port) {
        return workspace.directory().resolve("port" + port);
    }

    private Child startOurs(List<Path> sockets) throws BenchException, InterruptedException {
        List<String> command = List.of(
                tools.launcher("vhost-user-net"),
                "--device=socket-path=" + sockets.get(0) + ",link=switch",
                "--device=socket-path=" + sockets.get(1) + ",link=switch",
                "--poll-us=" + POLL_MICROS);
        return listening("ringside", command, Map.of("RINGSIDE_NO_BUILD", "1"), sockets);
    }

    private Child startTestpmd(List<Path> sockets) throws BenchException, InterruptedException {
        List<String> command = Testpmd.command(
                tools,
                "peer",
                settings.processors().backend(),
                List.of("net_vhost0,iface=" + sockets.get(0), "net_vhost1,iface=" + sockets.get(1)),
                List.of("--stats-period=3600"));
        return listening("peer", command, Map.of(), sockets);
    }

    private Child listening(String name, List<String> command, Map<String, String> environment, List<Path> sockets)
            throws BenchException, InterruptedException {
        Child child = workspace.children().start(name, settings.processors().backend(), command, environment);
        try {
            Listening.await(child, sockets);
            return child;
        } catch (BenchException | InterruptedException e) {
            child.close();
            throw e;
        }
    }

    private Sample drive(Forward cell, Child backend, List<Path> sockets) throws BenchException, InterruptedException {
        try (Testpmd generator = Testpmd.generator(
                        tools, workspace, settings.processors().client(), sockets, cell);
                JavaAllocation allocation = allocation(cell, backend)) {
            generator.received();
            pause(settings.warmup());
            long packets = generator.received();
            double cpu = CpuTime.seconds(backend.pid());
            long allocated = allocation == null ? 0 : allocation.allocatedBytes();
            long before = System.nanoTime();
            pause(settings.window());
            packets = generator.received() - packets;
            double seconds = (System.nanoTime() - before) / 1e9;
            if (packets == 0) {
                throw new BenchException("no frame comes back to the generator");
            }
            cpu = CpuTime.seconds(backend.pid()) - cpu;
            if (allocation != null) {
                long bytes = allocation.allocatedBytes() - allocated;
                return new Sample().with(NetMetrics.ALLOCATED, (double) bytes / packets);
            }
            return new Sample()
                    .with(NetMetrics.PACKETS, packets / seconds)
                    .with(NetMetrics.GIGABITS, packets / seconds * cell.frameBytes() * 8 / 1e9)
                    .with(NetMetrics.CPU_PER_PACKET, cpu * 1e9 / packets);
        }
    }

    private static @Nullable JavaAllocation allocation(Forward cell, Child backend) throws BenchException {
        return cell.allocation() ? new JavaAllocation(backend.pid()) : null;
    }

    private static void pause(Duration time) throws InterruptedException {
        Thread.sleep(time);
    }
}
