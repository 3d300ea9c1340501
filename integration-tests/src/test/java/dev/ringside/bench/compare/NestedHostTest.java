package dev.ringside.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.bench.compare.report.JsonDocument;
import dev.ringside.bench.guest.Settings;
import dev.ringside.bench.guest.Tools;
import dev.ringside.bench.host.Processors;
import dev.ringside.bench.host.Workspace;
import dev.ringside.bench.measure.Sample;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of what scripts/nested says, of which there is one here that boots nothing; CompareNestedIT has the real one. */
class NestedHostTest {
    private static final List<Mode> MODES = List.of(Mode.VIRTIO, Mode.NET_SRIOV, Mode.NVME_SRIOV);
    private static final List<Workload> WORKLOADS = List.of(Workload.PING, Workload.READ_4K_1);
    private static final Table.Cell PING = new Table.Cell(Mode.NET_SRIOV, Workload.PING, 1);

    @TempDir
    private Path directory;

    private final ByteArrayOutputStream progress = new ByteArrayOutputStream();

    @BeforeEach
    void writeReport() throws Exception {
        Table there = new Table("host", "On this machine");
        there.modes().addAll(MODES);
        there.workloads().addAll(WORKLOADS);
        there.guests().add(1);
        there.notes().add("its own");
        there.add(PING, new Sample().with(Figures.P50, 5000));
        Files.writeString(directory.resolve("there.json"), new JsonDocument(List.of(there)).text());
    }

    @Test
    void itsReportIsATable() throws Exception {
        nested("echo \"$*\" >$here/arguments; echo 'round 1: net-sriov' >&2; cat $here/there.json");
        Table table = measure();
        assertThat(table.name()).isEqualTo("nested");
        assertThat(table.title()).contains("TCG within TCG");
        assertThat(table.notes()).hasSizeGreaterThan(1).endsWith("its own");
        assertThat(table.spread(PING, Figures.P50)).get().extracting("median").isEqualTo(5000.0);
        assertThat(table.hasFailures()).isFalse();
        assertThat(progress.toString(StandardCharsets.UTF_8)).contains("round 1: net-sriov");
        assertThat(Files.readString(directory.resolve("arguments")))
                .contains("--compare --accel=tcg")
                .contains("--modes=virtio,net-sriov,nvme-sriov --workloads=ping,read-4k-1 --repeat=1 --seconds=5");
    }

    @Test
    void whatIsThereIsNotMeasuredAgain() throws Exception {
        nested("cat $here/there.json");
        measure();
        nested("exit 1");
        assertThat(measure().spread(PING, Figures.P50)).isPresent();
    }

    @Test
    void whyThereIsNoneIsToldOfEachMode() throws Exception {
        nested("echo 'nested: no JDK 25' >&2; exit 3");
        Table table = measure();
        for (Mode mode : MODES) {
            Workload workload = mode.kind() == Kind.NET ? Workload.PING : Workload.READ_4K_1;
            assertThat(table.failures(new Table.Cell(mode, workload, 1)))
                    .singleElement()
                    .asString()
                    .contains("no JDK 25");
        }
        assertThat(table.hasFailures()).isTrue();
        nested("cat $here/there.json");
        assertThat(measure().hasFailures()).isFalse();
    }

    private void nested(String words) throws Exception {
        Path script = Files.createDirectories(directory.resolve("scripts")).resolve("nested");
        Files.writeString(script, "#!/bin/sh\nhere=" + directory + "\n" + words + "\n");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private Table measure() throws Exception {
        try (Workspace workspace = new Workspace(directory.resolve("work"));
                PrintStream out = new PrintStream(progress, true, StandardCharsets.UTF_8)) {
            Settings settings = new Settings(new Processors(0, 1), Duration.ZERO, Duration.ofSeconds(1), "tcg");
            Setting setting = new Setting(
                    new Tools(directory, directory), workspace, settings, new Hardware(null, null, null), 32);
            return new NestedHost(setting, directory.resolve("nested.json"), out).measure(MODES, WORKLOADS, 1, 5);
        }
    }
}
