package dev.ringside.bench.blk;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.CommonOptions;
import dev.ringside.bench.WrongOption;
import dev.ringside.bench.host.HostFacts;
import dev.ringside.bench.host.Processors;
import dev.ringside.bench.host.Workspace;
import dev.ringside.bench.measure.CellResult;
import dev.ringside.bench.measure.Contender;
import dev.ringside.bench.measure.Rounds;
import dev.ringside.bench.report.Report;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
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

/** {@code scripts/bench blk}. */
@Command(
        name = "blk",
        usageHelpAutoWidth = true,
        sortOptions = false,
        description =
                "vhost-user-blk beside qemu-storage-daemon (aio=io_uring, with an iothread) on the same file, with"
                        + " fio's io_uring engine and memcpy as limits. All of it takes an hour, on a machine that has nothing else"
                        + " to do.")
public final class BlkCommand implements Callable<Integer> {
    /** What a Unix socket's address holds, less a name. */
    private static final int LONGEST_DIRECTORY = 90;

    private static final long MIB = 1 << 20;
    private static final int SMALLEST_FILE = 16;

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Mixin
    private CommonOptions common = new CommonOptions();

    @Option(
            names = "--file-mib",
            order = 20,
            paramLabel = "N",
            defaultValue = "1024",
            description = "The size of the disk; the page cache must hold it (default: ${DEFAULT-VALUE}).")
    private int fileMib;

    /** How the page cache holds the file. */
    enum Folios {
        small,
        large
    }

    @Option(
            names = "--folios",
            order = 21,
            paramLabel = "SIZE",
            defaultValue = "small",
            description =
                    "How the page cache holds the file: in folios of a page, as after random access (small), or as"
                            + " large as the file system makes them, as after copying (large). Default: ${DEFAULT-VALUE}.")
    private Folios folios = Folios.small;

    @Option(
            names = "--client-polls",
            order = 22,
            description = "The client never sleeps; by default it waits for calls, as a guest does.")
    private boolean clientPolls;

    @Option(
            names = "--poll-us",
            order = 23,
            paramLabel = "N",
            defaultValue = "100",
            description = "Ours for the cells named -poll (default: ${DEFAULT-VALUE}).")
    private int pollMicros;

    @Override
    public Integer call() throws BenchException, InterruptedException {
        if (common.isList()) {
            for (BlkCell cell : BlkCells.all()) {
                spec.commandLine().getOut().printf("%-28s %s%n", cell.name(), cell.title());
            }
            return 0;
        }
        if (fileMib < SMALLEST_FILE) {
            throw new WrongOption("--file-mib must be " + SMALLEST_FILE + " at least, not " + fileMib);
        }
        if (pollMicros < 1) {
            throw new WrongOption("--poll-us must be 1 at least, not " + pollMicros);
        }
        List<BlkCell> cells = common.select(BlkCells.all(), BlkCells.QUICK);
        int runs = common.runs();
        BlkSettings settings = settings();
        common.checkFiles();
        Tools tools = Tools.fromEnvironment();
        try (Workspace workspace = new Workspace(common.directory())) {
            checkSpace(workspace.directory());
            List<String> notes = notes();
            notes.forEach(note -> System.err.println("bench: " + note));
            List<CellResult> results = measure(workspace, tools, settings, cells, runs);
            Report report = new Report(
                    "blk",
                    "ringside",
                    "qemu",
                    HostFacts.all(),
                    describe(settings, runs),
                    notes,
                    BlkMetrics.SHOWN,
                    BlkMetrics.CHARTED,
                    results,
                    BlkCells.targets().stream()
                            .map(target -> target.judge(results, "ringside", "qemu"))
                            .toList());
            common.tell(report, Set.of(BlkMetrics.IOPS), spec.commandLine().getOut());
            return results.stream().allMatch(result -> result.failures().isEmpty()) ? 0 : 1;
        }
    }

    private BlkSettings settings() throws BenchException {
        Processors processors = common.processors();
        return new BlkSettings(
                processors, common.warmup(), common.window(), clientPolls, pollMicros, fileMib * MIB, folios.name());
    }

    private void checkSpace(Path directory) throws BenchException {
        if (directory.toString().length() > LONGEST_DIRECTORY) {
            throw new BenchException(directory + " is too long for sockets: choose a shorter --dir");
        }
        try {
            if (Files.getFileStore(directory).getUsableSpace() < fileMib * MIB) {
                throw new BenchException("no room for " + fileMib + " MiB in " + directory + ": choose another --dir");
            }
        } catch (IOException e) {
            throw new BenchException(directory + ": " + e.getMessage(), e);
        }
    }

    private static List<String> notes() {
        return HostFacts.isBusy()
                ? List.of("the machine is busy (load " + HostFacts.load() + "): these figures mean little")
                : List.of();
    }

    private List<CellResult> measure(
            Workspace workspace, Tools tools, BlkSettings settings, List<BlkCell> cells, int runs)
            throws InterruptedException {
        PrintStream progress = System.err;
        BlkClient client = new BlkClient(tools, workspace.children(), settings);
        DiskFile file = new DiskFile(workspace.directory().resolve("disk"), settings.folios(), client);
        List<Contender<BlkCell>> contenders = List.of(
                new BackendContender(new Ringside(tools, pollMicros), workspace, file, client, settings),
                new BackendContender(new QemuStorageDaemon(tools), workspace, file, client, settings),
                new FioLimit(tools, workspace.children(), file, settings),
                new CopyLimit(client));
        Rounds<BlkCell> rounds = new Rounds<>(contenders, file::prepareFor, BlkMetrics.IOPS, progress);
        List<CellResult> results = new ArrayList<>();
        for (BlkCell cell : cells) {
            progress.println("[" + (results.size() + 1) + "/" + cells.size() + "] " + cell.name());
            results.add(rounds.measure(cell, runs));
        }
        return results;
    }

    private static Map<String, String> describe(BlkSettings settings, int runs) {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("runs", String.valueOf(runs));
        facts.put("seconds", String.valueOf(settings.window().toMillis() / 1e3));
        facts.put("warmup", String.valueOf(settings.warmup().toMillis() / 1e3));
        facts.put("backend on cpu", String.valueOf(settings.processors().backend()));
        facts.put("client on cpu", String.valueOf(settings.processors().client()));
        facts.put("client", settings.clientPolls() ? "polls" : "waits for calls");
        facts.put("file MiB", String.valueOf(settings.fileBytes() / MIB));
        facts.put("folios", settings.folios());
        return facts;
    }
}
