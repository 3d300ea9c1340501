package dev.ringside.bench.compare;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.WrongOption;
import dev.ringside.bench.compare.report.HtmlPage;
import dev.ringside.bench.compare.report.JsonDocument;
import dev.ringside.bench.compare.report.TerminalText;
import dev.ringside.bench.guest.Settings;
import dev.ringside.bench.guest.Tools;
import dev.ringside.bench.host.HostFacts;
import dev.ringside.bench.host.Processors;
import dev.ringside.bench.host.Workspace;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The program behind scripts/compare. */
@Command(
        name = "scripts/compare",
        usageHelpAutoWidth = true,
        sortOptions = false,
        description = {
            "Compares the ways to give a guest its I/O on this machine: emulated, para-virtual, direct, self-virtualising."
                    + " The same guest does the same work in each mode; speed, latency, processor time and crossings are"
                    + " measured, and a page with charts is written.",
            "Networks need root, for a network namespace of their own; no interface of the host is touched."
        })
public final class CompareCommand implements Callable<Integer> {
    private static final int QUICK_ROUNDS = 2;
    private static final int ROUNDS = 5;
    private static final int NESTED_ROUNDS = 1;
    private static final int NESTED_SECONDS = 5;
    private static final int QUICK_DISK = 32;
    private static final int DISK = 256;
    private static final int MOST_GUESTS = 8;

    /** In the directory for reports: what the guest that plays the host has reported. */
    private static final String NESTED_FILE = "nested.json";

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            order = 0,
            usageHelp = true,
            description = "Print this help, and exit.")
    @SuppressWarnings("unused") // by picocli
    private boolean help;

    @Option(
            names = "--quick",
            order = 1,
            description = "A glance, in a few minutes: few workloads, short runs. To see that it works, not to quote.")
    private boolean quick;

    @Option(
            names = "--modes",
            order = 2,
            paramLabel = "MODE,...",
            split = ",",
            description = "Only these (see --list); net and block stand for all of a kind.")
    private List<String> modes = new ArrayList<>();

    @Option(
            names = "--workloads",
            order = 3,
            paramLabel = "NAME,...",
            split = ",",
            description = "Only these (see --list).")
    private List<String> workloads = new ArrayList<>();

    @Option(names = "--list", order = 4, description = "Print modes and workloads, and exit.")
    private boolean list;

    @Option(names = "--repeat", order = 5, paramLabel = "N", description = "Rounds (default: 5, --quick: 2).")
    private @Nullable Integer repeat;

    @Option(
            names = "--guests",
            order = 6,
            paramLabel = "N,...",
            split = ",",
            defaultValue = "1",
            description = "Guests at once, such as 1,2,4 (default: ${DEFAULT-VALUE}). One guest's processor has one of"
                    + " the host's for itself, several share all of them.")
    private List<Integer> guests = new ArrayList<>();

    @Option(
            names = "--seconds",
            order = 7,
            paramLabel = "S",
            description = "What a workload takes (default: 5, --quick: 1).")
    private @Nullable Integer seconds;

    @Option(
            names = "--accel",
            order = 8,
            paramLabel = "HOW",
            description = "kvm or tcg (default: kvm if guests boot under it).")
    private @Nullable String accelerator;

    @Option(
            names = "--nic",
            order = 9,
            paramLabel = "ADDRESS",
            description = "A NIC of this host for passthrough and sriov, which the host lacks meanwhile. Not tried on"
                    + " real hardware yet.")
    private @Nullable String nic;

    @Option(
            names = "--nic-peer",
            order = 10,
            paramLabel = "NAME",
            description = "The interface of this host at the other end of that NIC's cable.")
    private @Nullable String peer;

    @Option(
            names = "--nvme",
            order = 11,
            paramLabel = "ADDRESS",
            description =
                    "An NVMe controller for passthrough and sriov: ALL DATA on it may be overwritten. Not tried on"
                            + " real hardware yet.")
    private @Nullable String nvme;

    @Option(
            names = "--nested",
            order = 12,
            description = "Measures passthrough and sriov, and others beside them, in a guest that plays the host, too,"
                    + " with hardware that QEMU emulates: a table of its own. Takes half an hour or more; --modes,"
                    + " --workloads, --repeat and --seconds choose there as well.")
    private boolean nested;

    @Option(
            names = "--output",
            order = 13,
            paramLabel = "DIR",
            description =
                    "Where to write report.json and report.html (default: ringside/compare in $$XDG_CACHE_HOME or ~/.cache).")
    private @Nullable Path output;

    @Option(names = "--resume", order = 14, description = "Go on with what was interrupted, with its options.")
    private boolean resume;

    @Override
    public Integer call() throws BenchException, InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        if (list) {
            for (Mode mode : Mode.values()) {
                out.printf("%-20s %-9s %s%n", mode.word(), mode.kind().title(), mode.title());
            }
            out.println();
            for (Workload workload : Workload.values()) {
                out.printf("%-20s %-9s %s%n", workload.word(), workload.kind().title(), workload.title());
            }
            return 0;
        }
        Path directory = output != null ? output : defaultDirectory();
        Path file = directory.resolve("journal.jsonl");
        if (resume) {
            List<String> arguments = Journal.arguments(file);
            CompareCommand begun = new CompareCommand();
            new CommandLine(begun).parseArgs(arguments.toArray(String[]::new));
            return begun.compare(directory, Journal.resume(file), out);
        }
        try {
            Files.createDirectories(directory);
            Files.deleteIfExists(directory.resolve(NESTED_FILE));
        } catch (IOException e) {
            throw new BenchException("cannot make " + directory + ": " + e.getMessage(), e);
        }
        plan();
        return compare(directory, Journal.begin(file, arguments()), out);
    }

    private List<String> arguments() {
        return spec.commandLine().getParseResult().originalArgs();
    }

    private int compare(Path directory, Journal journal, PrintWriter out) throws BenchException, InterruptedException {
        Plan plan = plan();
        Tools tools = Tools.fromEnvironment();
        Settings settings = new Settings(Processors.choose(), plan.warmup(), plan.window(), accelerator());
        Progress progress = new Progress(System.err);
        Table measured = new Table("host", "On this machine");
        List<Table> tables = new ArrayList<>(List.of(measured));
        describe(measured, plan, settings);
        try (Workspace workspace = new Workspace(directory)) {
            Setting setting =
                    new Setting(tools, workspace, settings, new Hardware(nic, peer, nvme), quick ? QUICK_DISK : DISK);
            new Comparison(plan, setting, journal, progress).run(measured);
            Disturbance.summary(measured).ifPresent(words -> measured.settings().put("others at work", words));
            Disturbance.warning(measured).ifPresent(measured.notes()::add);
            if (nested) {
                tables.add(new NestedHost(setting, directory.resolve(NESTED_FILE), System.err)
                        .measure(
                                modes.isEmpty() ? NestedHost.MODES : plan.modes(),
                                workloads.isEmpty() ? NestedHost.WORKLOADS : plan.workloads(),
                                repeat != null ? repeat : NESTED_ROUNDS,
                                seconds != null ? seconds : NESTED_SECONDS));
            }
        }
        out.print(new TerminalText(tables).text());
        write(directory.resolve("report.json"), new JsonDocument(tables).text());
        write(directory.resolve("report.html"), new HtmlPage(tables).text());
        out.println("\nWritten: " + directory.resolve("report.html") + " and report.json beside it");
        out.flush();
        return tables.stream().anyMatch(Table::hasFailures) ? 1 : 0;
    }

    private static void write(Path file, String text) throws BenchException {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new BenchException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    private void describe(Table measured, Plan plan, Settings settings) {
        measured.machine().putAll(HostFacts.all());
        measured.machine().put("accelerator", settings.accelerator());
        measured.settings().put("rounds", String.valueOf(plan.rounds()));
        measured.settings().put("seconds", String.valueOf(plan.window().toSeconds()));
        measured.settings()
                .put("warm-up", plan.warmup().toSeconds() + (plan.warmsUpOnce() ? ", once for each mode" : ""));
        measured.settings()
                .put("back-end on cpu", String.valueOf(settings.processors().backend()));
        measured.settings()
                .put("guest on cpu", String.valueOf(settings.processors().client()));
        if (settings.accelerator().equals("tcg")) {
            measured.notes()
                    .add(
                            "The guests are emulated (TCG): their processor is many times slower than the host's, and traps"
                                    + " cost little beside it. Figures compare with each other only.");
        }
        if (quick) {
            measured.notes().add("Measured with --quick: to see that it works, not to quote.");
        }
    }

    private Plan plan() throws BenchException {
        int rounds = repeat != null ? repeat : quick ? QUICK_ROUNDS : ROUNDS;
        int window = seconds != null ? seconds : quick ? 1 : 5;
        if (rounds < 1 || window < 1) {
            throw new WrongOption("--repeat and --seconds must be 1 at least");
        }
        if (guests.stream().anyMatch(number -> number < 1 || number > MOST_GUESTS)) {
            throw new WrongOption("--guests must be 1 to " + MOST_GUESTS);
        }
        List<Workload> chosen = chosenWorkloads();
        List<Mode> participants = chosenModes().stream()
                .filter(mode -> chosen.stream().anyMatch(workload -> workload.kind() == mode.kind()))
                .toList();
        if (participants.isEmpty()) {
            throw new WrongOption("none of --workloads is for any of --modes");
        }
        return new Plan(
                participants,
                chosen,
                List.copyOf(guests),
                rounds,
                Duration.ofSeconds(window),
                Duration.ofSeconds(quick ? 1 : 2),
                quick);
    }

    private List<Mode> chosenModes() throws BenchException {
        List<Mode> chosen = new ArrayList<>();
        for (String word : modes) {
            List<Mode> meant = List.of(Mode.values()).stream()
                    .filter(mode -> mode.word().equals(word)
                            || (word.equals("net") && mode.kind() == Kind.NET)
                            || (word.equals("block") && mode.kind() == Kind.BLOCK))
                    .toList();
            if (meant.isEmpty()) {
                throw new WrongOption("--modes=" + word + ": there is no such mode (see --list)");
            }
            chosen.addAll(meant);
        }
        return chosen.isEmpty() ? List.of(Mode.values()) : chosen;
    }

    private List<Workload> chosenWorkloads() throws BenchException {
        List<Workload> chosen = new ArrayList<>();
        for (String word : workloads) {
            chosen.add(Workload.of(word)
                    .orElseThrow(
                            () -> new WrongOption("--workloads=" + word + ": there is no such workload (see --list)")));
        }
        return !chosen.isEmpty() ? chosen : quick ? Workload.QUICK : List.of(Workload.values());
    }

    private String accelerator() throws BenchException {
        String chosen = accelerator != null ? accelerator : System.getenv("RINGSIDE_BENCH_ACCELERATOR");
        if (chosen == null || !(chosen.equals("kvm") || chosen.equals("tcg"))) {
            throw new WrongOption("--accel must be kvm or tcg, not " + chosen);
        }
        return chosen;
    }

    private static Path defaultDirectory() throws BenchException {
        String cache = System.getenv("XDG_CACHE_HOME");
        String home = System.getenv("HOME");
        if (cache != null && !cache.isEmpty()) {
            return Path.of(cache, "ringside", "compare");
        }
        if (home == null) {
            throw new BenchException("HOME is not set: say --output");
        }
        return Path.of(home, ".cache", "ringside", "compare");
    }
}
