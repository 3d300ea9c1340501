package dev.ringside.bench.compare;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.compare.report.JsonTable;
import dev.ringside.bench.host.Child;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A guest (L1) that plays the host, with a NIC, an NVMe controller and an IOMMU that QEMU emulates: scripts/nested boots it
 * and runs this very program in it. What it finds is a table of its own, for nothing in it compares with anything else.
 */
final class NestedHost {
    private static final String NAME = "nested";

    /** What the hardware is needed for, and one of each other way beside it. */
    static final List<Mode> MODES = List.of(
            Mode.E1000,
            Mode.VIRTIO,
            Mode.QEMU_VIRTIO,
            Mode.NET_PASSTHROUGH,
            Mode.NET_SRIOV,
            Mode.VIRTIO_BLK,
            Mode.QEMU_VIRTIO_BLK,
            Mode.NVME_PASSTHROUGH,
            Mode.NVME_SRIOV);

    /** Its guests are slow: what is done one at a time says most. */
    static final List<Workload> WORKLOADS = List.of(Workload.PING, Workload.READ_4K_1);

    private static final Duration PATIENCE = Duration.ofDays(1);

    private final Setting setting;
    private final Path file;
    private final PrintStream progress;

    /**
     * Nothing is begun.
     *
     * @param file for its report; what is there already is not measured again
     */
    NestedHost(Setting setting, Path file, PrintStream progress) {
        this.setting = setting;
        this.file = file;
        this.progress = progress;
    }

    /** What it has found or, if it has found nothing, why. */
    Table measure(List<Mode> modes, List<Workload> workloads, int rounds, int seconds) throws InterruptedException {
        String accelerator = setting.settings().accelerator();
        String title = "In a guest that plays the host (L1), TCG within " + accelerator.toUpperCase(Locale.ROOT);
        try {
            String report = Files.exists(file)
                    ? Files.readString(file)
                    : run(List.of(
                            "--compare",
                            "--accel=" + accelerator,
                            "--quick",
                            "--modes=" + words(modes, Mode::word),
                            "--workloads=" + words(workloads, Workload::word),
                            "--repeat=" + rounds,
                            "--seconds=" + seconds));
            Table table = JsonTable.read(report, NAME, title);
            table.notes().addAll(0, notes(accelerator));
            return table;
        } catch (BenchException | IOException e) {
            return failed(new Table(NAME, title), modes, workloads, "round 1: " + e.getMessage());
        }
    }

    private String run(List<String> options) throws BenchException, IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(setting.tools().launcher("nested")));
        command.addAll(options);
        progress.println("in a guest that plays the host:");
        Child nested = setting.children().start("nested", null, command, Map.of());
        String report = nested.await(PATIENCE, progress);
        Files.writeString(file, report);
        return report;
    }

    private static <T> String words(List<T> those, Function<T, String> word) {
        return those.stream().map(word).collect(Collectors.joining(","));
    }

    private static List<String> notes(String accelerator) {
        return List.of(
                "Measured within a guest of this machine (L1, by " + accelerator
                        + ") that plays the host: its NIC (82576)"
                        + " and its NVMe controller, which are passed through and have the virtual functions, are"
                        + " themselves emulated by the QEMU around it. So this shows that a mode works, and what crosses"
                        + " from its guest (L2) to its host. It does not show how fast hardware is.",
                "Of these modes, the processor time of the device itself is in no figure: it is spent outside of L1."
                        + " Compare nothing here with another table.");
    }

    private static Table failed(Table table, List<Mode> modes, List<Workload> workloads, String why) {
        table.modes().addAll(modes);
        table.workloads().addAll(workloads);
        table.guests().add(1);
        for (Mode mode : modes) {
            for (Workload workload : workloads) {
                if (workload.kind() == mode.kind()) {
                    table.addFailure(new Table.Cell(mode, workload, 1), why);
                }
            }
        }
        return table;
    }
}
