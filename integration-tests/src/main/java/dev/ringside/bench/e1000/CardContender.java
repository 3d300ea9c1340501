package dev.ringside.bench.e1000;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ringside.bench.BenchException;
import dev.ringside.bench.e1000.E1000Cell.Traffic;
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
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A guest on a TAP, with a card of one kind. */
final class CardContender implements Contender<E1000Cell> {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Pattern ROUND_TRIP =
            Pattern.compile("(\\d+) packets received.*min/avg/max = ([\\d.]+)/([\\d.]+)/", Pattern.DOTALL);
    /** What a TCP segment carries on Ethernet. */
    private static final double SEGMENT_BYTES = 1448;

    private static final String BEGIN = "begin";
    private static final String END = "end";

    private final Card card;
    /** Of the card that polls. */
    private final int pollMicros;

    private final Tools tools;
    private final Workspace workspace;
    private final Settings settings;

    CardContender(Card card, int pollMicros, Tools tools, Workspace workspace, Settings settings) {
        this.card = card;
        this.pollMicros = pollMicros;
        this.tools = tools;
        this.workspace = workspace;
        this.settings = settings;
    }

    @Override
    public String name() {
        return card.title();
    }

    @Override
    public boolean joins(E1000Cell cell) {
        return true;
    }

    @Override
    public Optional<String> excuse(E1000Cell cell) {
        try {
            return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0)
                    ? Optional.empty()
                    : Optional.of("left out: only root can make a network namespace with a TAP in it");
        } catch (IOException e) {
            return Optional.of("left out: " + e.getMessage());
        }
    }

    @Override
    public Sample run(E1000Cell cell) throws BenchException, InterruptedException {
        int processor = settings.processors().backend();
        Path socket = workspace.directory().resolve("card");
        List<String> iperf = List.of(tools.labProgram("iperf3"), "--server", "--forceflush");
        try (Network network = Network.create(tools, workspace.children());
                Child backend = card.isOurs() ? startOurs(network, socket) : null;
                Child server = workspace.children().start("iperf3", processor, network.enter(iperf), Map.of());
                BenchGuest guest =
                        BenchGuest.boot(tools, workspace, settings, network, card.device(socket), words(cell))) {
            Sample sample = drive(cell, network, backend, guest);
            if (!server.isAlive()) {
                throw server.failure("has ended");
            }
            return sample;
        }
    }

    private Child startOurs(Network network, Path socket) throws BenchException, InterruptedException {
        List<String> command = network.enter(card.command(tools, socket, pollMicros));
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

    private Sample drive(E1000Cell cell, Network network, @Nullable Child backend, BenchGuest guest)
            throws BenchException, InterruptedException {
        guest.await(BEGIN, PATIENCE);
        TrapCounts countsBefore = backend == null ? null : TrapCounts.ask(tools, workspace.children(), network);
        double before = guest.cpuSeconds() + (backend == null ? 0 : CpuTime.seconds(backend.pid()));
        String said = guest.await(END, PATIENCE.plus(settings.window()));
        double cpu = guest.cpuSeconds() + (backend == null ? 0 : CpuTime.seconds(backend.pid())) - before;
        String result = said.substring(said.indexOf(BEGIN) + BEGIN.length(), said.lastIndexOf(END));
        Sample sample = new Sample();
        double packets = cell.traffic() == Traffic.PING ? pings(result, sample) : iperf(cell, result, sample);
        sample.with(E1000Metrics.CPU, cpu * 1e6 / packets);
        if (countsBefore != null) {
            TrapCounts counts =
                    TrapCounts.ask(tools, workspace.children(), network).minus(countsBefore);
            sample.with(E1000Metrics.READS, counts.reads() / packets)
                    .with(E1000Metrics.WRITES, counts.writes() / packets)
                    .with(E1000Metrics.INTERRUPTS, counts.interrupts() / packets)
                    .with(E1000Metrics.MESSAGES, counts.messages() / packets);
        }
        return sample;
    }

    /** What the guest does; what it says between the two words is the result. */
    private String words(E1000Cell load) {
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

    /** Returns the packets. */
    private static double pings(String said, Sample sample) throws BenchException {
        Matcher matcher = ROUND_TRIP.matcher(said);
        if (!matcher.find()) {
            throw new BenchException("no ping came back: " + said.strip());
        }
        sample.with(E1000Metrics.BEST_RTT, Double.parseDouble(matcher.group(2)) * 1000)
                .with(E1000Metrics.RTT, Double.parseDouble(matcher.group(3)) * 1000);
        return 2 * Double.parseDouble(matcher.group(1));
    }

    /** Returns the packets. */
    private static double iperf(E1000Cell load, String said, Sample sample) throws BenchException {
        JsonNode result;
        try {
            result = JSON.readTree(said);
        } catch (JsonProcessingException e) {
            throw new BenchException("iperf3 printed no JSON", e);
        }
        if (result.has("error")) {
            throw new BenchException("iperf3: " + result.path("error").asText());
        }
        JsonNode received = result.path("end").path("sum_received");
        double seconds = received.path("seconds").asDouble();
        double bytes = received.path("bytes").asDouble();
        double packets = bytes / SEGMENT_BYTES;
        if (load.traffic() == Traffic.UDP) {
            packets = bytes / load.bytes();
            sample.with(E1000Metrics.LOSS, received.path("lost_percent").asDouble());
        }
        sample.with(E1000Metrics.PACKETS, packets / seconds).with(E1000Metrics.GIGABITS, bytes * 8 / seconds / 1e9);
        return packets;
    }
}
