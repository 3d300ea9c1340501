package dev.ringside.bench.e1000;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.e1000.E1000Cell.Traffic;
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
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A guest on a TAP, with a card of one kind. */
final class CardContender implements Contender<E1000Cell> {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

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
        return Network.obstacle().map(why -> "left out: " + why);
    }

    @Override
    public Sample run(E1000Cell cell) throws BenchException, InterruptedException {
        Path socket = workspace.directory().resolve("card");
        try (Network network = Network.withTaps(tools, workspace.children(), 1);
                Child backend = card.isOurs() ? startOurs(network, socket) : null;
                BenchGuest guest =
                        BenchGuest.boot(tools, workspace, settings, Machine.with(network, card.device(socket)))) {
            guest.execute(TapLoad.UP, PATIENCE);
            return drive(cell, network, backend, guest);
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
        execute(cell, network, guest, settings.warmup());
        TrapCounts countsBefore = backend == null ? null : TrapCounts.ask(tools, workspace.children(), network);
        double before = guest.cpuSeconds() + (backend == null ? 0 : CpuTime.seconds(backend.pid()));
        String said = execute(cell, network, guest, settings.window());
        double cpu = guest.cpuSeconds() + (backend == null ? 0 : CpuTime.seconds(backend.pid())) - before;
        Sample sample = new Sample();
        double packets = cell.traffic() == Traffic.PING ? pings(said, sample) : iperf(said, sample);
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

    private String execute(E1000Cell load, Network network, BenchGuest guest, Duration time)
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

    /** Returns the packets. */
    private static double pings(String said, Sample sample) throws BenchException {
        Pings pings = Pings.parse(said);
        sample.with(E1000Metrics.BEST_RTT, pings.best()).with(E1000Metrics.RTT, pings.mean());
        return 2.0 * pings.count();
    }

    /** Returns the packets. */
    private static double iperf(String said, Sample sample) throws BenchException {
        Iperf iperf = Iperf.parse(said);
        sample.with(E1000Metrics.LOSS, iperf.lostPercent())
                .with(E1000Metrics.PACKETS, iperf.packets() / iperf.seconds())
                .with(E1000Metrics.GIGABITS, iperf.gigabitsPerSecond());
        return iperf.packets();
    }
}
