package dev.ringside.bench.net;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.CommonOptions;
import dev.ringside.bench.WrongOption;
import dev.ringside.bench.guest.Settings;
import dev.ringside.bench.guest.Tools;
import dev.ringside.bench.host.HostFacts;
import dev.ringside.bench.host.Workspace;
import dev.ringside.bench.measure.CellResult;
import dev.ringside.bench.measure.Contender;
import dev.ringside.bench.measure.Rounds;
import dev.ringside.bench.report.Report;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code scripts/bench net}. */
@Command(
        name = "net",
        usageHelpAutoWidth = true,
        sortOptions = false,
        description =
                "vhost-user-net beside its peers: in the cells named tap-, QEMU's own virtio-net on a TAP (needs"
                        + " root, and touches no interface of the host); in those named forward-, testpmd with its vhost driver between"
                        + " the same two virtio_user ports. All of it takes half an hour, on a machine that has nothing else to do.")
public final class NetCommand implements Callable<Integer> {
    private static final Set<String> ACCELERATORS = Set.of("kvm", "tcg");

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Mixin
    private CommonOptions common = new CommonOptions();

    @Option(
            names = "--accel",
            order = 20,
            paramLabel = "HOW",
            defaultValue = "tcg",
            description = "kvm or tcg, for the guests (default: ${DEFAULT-VALUE}).")
    private String accelerator = "";

    @Override
    public Integer call() throws BenchException, InterruptedException {
        if (common.isList()) {
            for (NetCell cell : NetCells.all()) {
                spec.commandLine().getOut().printf("%-24s %s%n", cell.name(), cell.title());
            }
            return 0;
        }
        if (!ACCELERATORS.contains(accelerator)) {
            throw new WrongOption("--accel must be kvm or tcg, not " + accelerator);
        }
        List<NetCell> cells = common.select(NetCells.all(), NetCells.QUICK);
        int runs = common.runs();
        Settings settings = new Settings(common.processors(), common.warmup(), common.window(), accelerator);
        common.checkFiles();
        Tools tools = Tools.fromEnvironment();
        try (Workspace workspace = new Workspace(common.directory())) {
            List<String> notes = notes();
            notes.forEach(note -> System.err.println("bench: " + note));
            List<CellResult> results = measure(workspace, tools, settings, cells, runs);
            Report report = new Report(
                    "net",
                    "ringside",
                    "peer",
                    HostFacts.all(),
                    describe(settings, runs),
                    notes,
                    NetMetrics.SHOWN,
                    NetMetrics.CHARTED,
                    results,
                    NetCells.targets().stream()
                            .map(target -> target.judge(results, "ringside", "peer"))
                            .toList());
            common.tell(
                    report,
                    Set.of(NetMetrics.GIGABITS, NetMetrics.PACKETS),
                    spec.commandLine().getOut());
            return results.stream().allMatch(result -> result.failures().isEmpty()) ? 0 : 1;
        }
    }

    private static List<String> notes() {
        return HostFacts.isBusy()
                ? List.of("the machine is busy (load " + HostFacts.load() + "): these figures mean little")
                : List.of();
    }

    private static List<CellResult> measure(
            Workspace workspace, Tools tools, Settings settings, List<NetCell> cells, int runs)
            throws InterruptedException {
        PrintStream progress = System.err;
        List<Contender<NetCell>> contenders = List.of(
                new TapContender(true, tools, workspace, settings),
                new TapContender(false, tools, workspace, settings),
                new ForwardContender(true, tools, workspace, settings),
                new ForwardContender(false, tools, workspace, settings));
        Rounds<NetCell> rounds = new Rounds<>(contenders, cell -> {}, NetMetrics.PACKETS, progress);
        List<CellResult> results = new ArrayList<>();
        for (NetCell cell : cells) {
            progress.println("[" + (results.size() + 1) + "/" + cells.size() + "] " + cell.name());
            results.add(rounds.measure(cell, runs));
        }
        return results;
    }

    private static Map<String, String> describe(Settings settings, int runs) {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("runs", String.valueOf(runs));
        facts.put("seconds", String.valueOf(settings.window().toMillis() / 1e3));
        facts.put("warmup", String.valueOf(settings.warmup().toMillis() / 1e3));
        facts.put("backend on cpu", String.valueOf(settings.processors().backend()));
        facts.put(
                "guest or generator on cpu",
                String.valueOf(settings.processors().client()));
        facts.put("guests by", settings.accelerator());
        return facts;
    }
}
