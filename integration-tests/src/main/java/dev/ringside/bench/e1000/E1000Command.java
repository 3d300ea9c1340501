package dev.ringside.bench.e1000;

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

/** {@code scripts/bench e1000}. */
@Command(
        name = "e1000",
        usageHelpAutoWidth = true,
        sortOptions = false,
        description =
                "emulated-e1000 beside the e1000 within QEMU, each on a TAP in a network namespace of its own (needs root,"
                        + " and touches no interface of the host). All of it takes half an hour, on a machine that has nothing else"
                        + " to do.")
public final class E1000Command implements Callable<Integer> {
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

    @Option(
            names = "--poll-us",
            order = 21,
            paramLabel = "N",
            defaultValue = "100",
            description = "Of the contender that polls; 0 for one that never does (default: ${DEFAULT-VALUE}).")
    private int pollMicros;

    @Override
    public Integer call() throws BenchException, InterruptedException {
        if (common.isList()) {
            for (E1000Cell cell : E1000Cells.all()) {
                spec.commandLine().getOut().printf("%-24s %s%n", cell.name(), cell.title());
            }
            return 0;
        }
        if (!ACCELERATORS.contains(accelerator)) {
            throw new WrongOption("--accel must be kvm or tcg, not " + accelerator);
        }
        if (pollMicros < 0) {
            throw new WrongOption("--poll-us must not be negative, and is " + pollMicros);
        }
        List<E1000Cell> cells = common.select(E1000Cells.all(), E1000Cells.QUICK);
        int runs = common.runs();
        Settings settings = new Settings(common.processors(), common.warmup(), common.window(), accelerator);
        common.checkFiles();
        Tools tools = Tools.fromEnvironment();
        try (Workspace workspace = new Workspace(common.directory())) {
            List<String> notes = notes();
            notes.forEach(note -> System.err.println("bench: " + note));
            List<CellResult> results = measure(workspace, tools, settings, cells, runs);
            Report report = new Report(
                    "e1000",
                    "ringside",
                    "qemu",
                    HostFacts.all(),
                    describe(settings, runs),
                    notes,
                    E1000Metrics.SHOWN,
                    E1000Metrics.CHARTED,
                    results,
                    E1000Cells.targets().stream()
                            .map(target -> target.judge(results, "ringside", "qemu"))
                            .toList());
            common.tell(
                    report,
                    Set.of(E1000Metrics.GIGABITS, E1000Metrics.PACKETS),
                    spec.commandLine().getOut());
            return results.stream().allMatch(result -> result.failures().isEmpty()) ? 0 : 1;
        }
    }

    private static List<String> notes() {
        return HostFacts.isBusy()
                ? List.of("the machine is busy (load " + HostFacts.load() + "): these figures mean little")
                : List.of();
    }

    private List<CellResult> measure(
            Workspace workspace, Tools tools, Settings settings, List<E1000Cell> cells, int runs)
            throws InterruptedException {
        PrintStream progress = System.err;
        List<Contender<E1000Cell>> contenders = new ArrayList<>();
        for (Card card : Card.values()) {
            contenders.add(new CardContender(card, pollMicros, tools, workspace, settings));
        }
        Rounds<E1000Cell> rounds = new Rounds<>(contenders, cell -> {}, E1000Metrics.PACKETS, progress);
        List<CellResult> results = new ArrayList<>();
        for (E1000Cell cell : cells) {
            progress.println("[" + (results.size() + 1) + "/" + cells.size() + "] " + cell.name());
            results.add(rounds.measure(cell, runs));
        }
        return results;
    }

    private Map<String, String> describe(Settings settings, int runs) {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("runs", String.valueOf(runs));
        facts.put("seconds", String.valueOf(settings.window().toMillis() / 1e3));
        facts.put("warmup", String.valueOf(settings.warmup().toMillis() / 1e3));
        facts.put("backend on cpu", String.valueOf(settings.processors().backend()));
        facts.put("guest on cpu", String.valueOf(settings.processors().client()));
        facts.put("guests by", settings.accelerator());
        facts.put("polling for us", String.valueOf(pollMicros));
        return facts;
    }
}
