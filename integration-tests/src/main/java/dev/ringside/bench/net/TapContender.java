package dev.ringside.bench.net;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ringside.bench.BenchException;
import dev.ringside.bench.guest.BenchGuest;
import dev.ringside.bench.guest.Network;
import dev.ringside.bench.guest.Settings;
import dev.ringside.bench.guest.Tools;
import dev.ringside.bench.host.Child;
import dev.ringside.bench.host.CpuTime;
import dev.ringside.bench.host.Listening;
import dev.ringside.bench.host.Workspace;
import dev.ringside.bench.measure.Contender;
import dev.ringside.bench.measure.Sample;
import dev.ringside.bench.net.NetCell.OnTap;
import dev.ringside.bench.net.NetCell.Traffic;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A guest on a TAP: its NIC is ours, or QEMU's own. */
final class TapContender implements Contender<NetCell> {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Pattern ROUND_TRIP = Pattern.compile("min/avg/max = [\\d.]+/([\\d.]+)/");
    private static final String BEGIN = "begin";
    private static final String END = "end";

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
        try {
            return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0)
                    ? Optional.empty()
                    : Optional.of("left out: only root can make a network namespace with a TAP in it");
        } catch (IOException e) {
            return Optional.of("left out: " + e.getMessage());
        }
    }

    @Override
    public Sample run(NetCell cell) throws BenchException, InterruptedException {
        OnTap load = (OnTap) cell;
        int processor = settings.processors().backend();
        Path socket = workspace.directory().resolve("nic");
        Sample sample;
        try (Network network = Network.create(tools, workspace.children());
                Child backend = ours ? startOurs(network, socket) : null;
                Child server = workspace
                        .children()
                        .start(
                                "iperf3",
                                processor,
                                network.enter(List.of(tools.labProgram("iperf3"), "--server", "--forceflush")),
                                Map.of())) {
            List<String> nic = new ArrayList<>(List.of("-device", "virtio-net-pci,netdev=net"));
            nic.addAll(
                    ours
                            ? List.of(
                                    "-chardev",
                                    "socket,id=nic,path=" + socket,
                                    "-netdev",
                                    "vhost-user,id=net,chardev=nic")
                            : List.of(
                                    "-netdev",
                                    "tap,id=net,ifname=" + Network.TAP + ",script=no,downscript=no,vhost=off"));
            sample = drive(load, network, backend, nic);
            if (!server.isAlive()) {
                throw server.failure("has ended");
            }
        }
        if (ours) {
            Counts counts = Counts.of(workspace.directory().resolve("ringside.log"));
            sample.with(NetMetrics.KICKS, counts.kicksPer1000()).with(NetMetrics.CALLS, counts.callsPer1000());
        }
        return sample;
    }

    private Child startOurs(Network network, Path socket) throws BenchException, InterruptedException {
        List<String> command = network.enter(List.of(
                tools.launcher("vhost-user-net"), "--device=socket-path=" + socket + ",link=tap:" + Network.TAP));
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
        try (BenchGuest guest = BenchGuest.boot(tools, workspace, settings, network, nic, words(load))) {
            guest.await(BEGIN, PATIENCE);
            double before = guest.cpuSeconds() + (backend == null ? 0 : CpuTime.seconds(backend.pid()));
            String said = guest.await(END, PATIENCE.plus(settings.window()));
            double cpu = guest.cpuSeconds() + (backend == null ? 0 : CpuTime.seconds(backend.pid())) - before;
            String result = said.substring(said.indexOf(BEGIN) + BEGIN.length(), said.lastIndexOf(END));
            return load.traffic() == Traffic.PING ? pings(result) : iperf(load, result, cpu);
        }
    }

    /** What the guest does; what it says between the two words is the result. */
    private String words(OnTap load) {
        String measured;
        if (load.traffic() == Traffic.PING) {
            measured = "ping -A -q -w %d " + Network.HOST;
        } else {
            measured = "iperf3 --json -c " + Network.HOST + " -t %d"
                    + (load.toGuest() ? " -R" : "")
                    + (load.traffic() == Traffic.UDP ? " -u -b 0 -l " + load.bytes() : "");
        }
        return measured.formatted(seconds(settings.warmup())) + " >/dev/null; echo " + BEGIN + "; "
                + measured.formatted(seconds(settings.window())) + "; echo " + END;
    }

    private static long seconds(Duration time) {
        return Math.max(1, time.toSeconds());
    }

    private static Sample pings(String said) throws BenchException {
        Matcher matcher = ROUND_TRIP.matcher(said);
        if (!matcher.find()) {
            throw new BenchException("no ping came back: " + said.strip());
        }
        return new Sample().with(NetMetrics.RTT, Double.parseDouble(matcher.group(1)) * 1000);
    }

    private static Sample iperf(OnTap load, String said, double cpu) throws BenchException {
        JsonNode result;
        try {
            result = JSON.readTree(said);
        } catch (JsonProcessingException e) {
            throw new BenchException("iperf3 printed no JSON", e);
        }
        if (result.has("error")) {
            throw new BenchException("iperf3: " + result.path("error").asText());
        }
        JsonNode sum = result.path("end").path(load.traffic() == Traffic.TCP ? "sum_received" : "sum");
        double seconds = sum.path("seconds").asDouble();
        double bytes = sum.path("bytes").asDouble();
        Sample sample = new Sample();
        if (load.traffic() == Traffic.UDP) {
            double lost = sum.path("lost_percent").asDouble();
            double packets = sum.path("packets").asDouble() * (1 - lost / 100);
            bytes = packets * load.bytes();
            sample.with(NetMetrics.LOSS, lost)
                    .with(NetMetrics.PACKETS, packets / seconds)
                    .with(NetMetrics.CPU_PER_PACKET, cpu * 1e9 / packets);
        }
        return sample.with(NetMetrics.GIGABITS, bytes * 8 / seconds / 1e9)
                .with(NetMetrics.CPU_PER_GB, cpu / (bytes / 1e9));
    }
}
