package dev.ringside.bench.net;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.guest.BenchGuest;
import dev.ringside.bench.guest.Iperf;
import dev.ringside.bench.guest.Machine;
import dev.ringside.bench.guest.Network;
import dev.ringside.bench.guest.Pings;
import dev.ringside.bench.guest.Settings;
import dev.ringside.bench.guest.TapLoad;
import dev.ringside.bench.guest.Tools;
import dev.ringside.bench.host.Child;
import dev.ringside.bench.host.CpuTime;
import dev.ringside.bench.host.Listening;
import dev.ringside.bench.host.Workspace;
import dev.ringside.bench.measure.Contender;
import dev.ringside.bench.measure.Sample;
import dev.ringside.bench.net.NetCell.OnTap;
import dev.ringside.bench.net.NetCell.Traffic;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A guest on a TAP: its NIC is ours, or QEMU's own. */
final class TapContender implements Contender<NetCell> {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final boolean ours;
    private final Tools tools;
    private final Workspace workspace;
    private final Settings settings;

    TapContender(boolean ours, Tools tools, Workspace workspace, Settings settings) {
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
        return cell instanceof OnTap;
    }

    @Override
    public Optional<String> excuse(NetCell cell) {
        return Network.obstacle().map(why -> "left out: " + why);
    }

    @Override
    public Sample run(NetCell cell) throws BenchException, InterruptedException {
        OnTap load = (OnTap) cell;
        Path socket = workspace.directory().resolve("nic");
        Sample sample;
        try (Network network = Network.withTaps(tools, workspace.children(), 1);
                Child backend = ours ? startOurs(network, socket) : null) {
            sample = drive(load, network, backend, nic(socket));
        }
        if (ours) {
            Counts counts = Counts.of(workspace.directory().resolve("ringside.log"));
            sample.with(NetMetrics.KICKS, counts.kicksPer1000()).with(NetMetrics.CALLS, counts.callsPer1000());
        }
        return sample;
    }

    private List<String> nic(Path socket) {
        List<String> nic = new ArrayList<>(List.of("-device", "virtio-net-pci,netdev=net"));
        nic.addAll(
                ours
                        ? List.of(
                                "-chardev", "socket,id=nic,path=" + socket, "-netdev", "vhost-user,id=net,chardev=nic")
                        : List.of(
                                "-netdev",
                                "tap,id=net,ifname=" + Network.tap(0) + ",script=no,downscript=no,vhost=off"));
        return nic;
    }

    private Child startOurs(Network network, Path socket) throws BenchException, InterruptedException {
        List<String> command = network.enter(List.of(
                tools.launcher("vhost-user-net"), "--device=socket-path=" + socket + ",link=tap:" + Network.tap(0)));
        Child child = workspace
                .children()
                .start("ringside", settings.processors().backend(), command, Map.of("RINGSIDE_NO_BUILD", "1"));
        try {
            Listening.await(child, List.of(socket));
            return child;
        } catch (BenchException | InterruptedException e) {
            child.close();
            throw e;
        }
    }

    private Sample drive(OnTap load, Network network, @Nullable Child backend, List<String> nic)
            throws BenchException, InterruptedException {
        try (BenchGuest guest = BenchGuest.boot(tools, workspace, settings, Machine.with(network, nic))) {
            guest.execute(TapLoad.UP, PATIENCE);
            execute(load, network, guest, settings.warmup());
            double before = guest.cpuSeconds() + (backend == null ? 0 : CpuTime.seconds(backend.pid()));
            String said = execute(load, network, guest, settings.window());
            double cpu = guest.cpuSeconds() + (backend == null ? 0 : CpuTime.seconds(backend.pid())) - before;
            return load.traffic() == Traffic.PING
                    ? new Sample().with(NetMetrics.RTT, Pings.parse(said).mean())
                    : sample(load, Iperf.parse(said), cpu);
        }
    }

    private String execute(OnTap load, Network network, BenchGuest guest, Duration time)
            throws BenchException, InterruptedException {
        if (load.traffic() == Traffic.PING) {
            return guest.execute(TapLoad.ping(time), PATIENCE.plus(time));
        }
        String words = TapLoad.iperf(load.traffic() == Traffic.UDP, load.bytes(), load.toGuest(), time);
        try (Child server = Iperf.serve(
                tools, workspace.children(), network, settings.processors().backend(), 0)) {
            String said = guest.execute(words, PATIENCE.plus(time));
            server.await(PATIENCE);
            return said;
        }
    }

    private static Sample sample(OnTap load, Iperf iperf, double cpu) {
        Sample sample = new Sample();
        if (load.traffic() == Traffic.UDP) {
            sample.with(NetMetrics.LOSS, iperf.lostPercent())
                    .with(NetMetrics.PACKETS, iperf.packets() / iperf.seconds())
                    .with(NetMetrics.CPU_PER_PACKET, cpu * 1e9 / iperf.packets());
        }
        return sample.with(NetMetrics.GIGABITS, iperf.gigabitsPerSecond())
                .with(NetMetrics.CPU_PER_GB, cpu / (iperf.bytes() / 1e9));
    }
}
