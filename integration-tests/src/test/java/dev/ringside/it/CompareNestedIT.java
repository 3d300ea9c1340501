package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ringside.it.support.Child;
import dev.ringside.it.support.GuestScript;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.Result;
import dev.ringside.it.support.Root;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** {@code scripts/compare --nested}: passthrough and SR-IOV without the hardware, beside others in the same guest. */
@ExtendWith(Lab.class)
class CompareNestedIT {
    private static final Duration PATIENCE = Duration.ofMinutes(58);

    /** Measured within the guest; those of a host need the hardware. */
    private static final List<String> MODES = List.of("qemu-virtio", "net-passthrough", "net-sriov", "nvme-sriov");

    @Test
    @Timeout(value = 1, unit = TimeUnit.HOURS)
    @EnabledIfSystemProperty(
            named = "ringside.compare.nested",
            matches = "true",
            disabledReason =
                    "boots four guests within a guest, which takes a quarter of an hour; NestedHostTest has the"
                            + " merging: -Dringside.compare.nested=true")
    void hardwareModesHaveFiguresOfTheirOwnTable(@TempDir Path directory) throws Exception {
        Root.needed("make a network namespace with a TAP in it");
        GuestScript script = new GuestScript(directory);
        Path output = directory.resolve("o");
        Result result;
        try (Child compare = script.startOther(
                "compare",
                "--output=" + output,
                "--nested",
                "--quick",
                "--accel=tcg",
                "--repeat=1",
                "--modes=" + String.join(",", MODES),
                "--workloads=ping,read-4k-1")) {
            result = compare.finish(PATIENCE);
        }
        assertThat(result.status()).as(result.toString()).isZero();
        JsonNode tables = new ObjectMapper()
                .readTree(output.resolve("report.json").toFile())
                .path("tables");
        assertThat(tables).hasSize(2);
        JsonNode host = tables.path(0);
        JsonNode nested = tables.path(1);
        assertThat(host.path("modes")
                        .path("net-sriov")
                        .path("left_out")
                        .path("1 guests")
                        .asText())
                .contains("no NIC of this machine");
        assertThat(host.path("cells").findValuesAsText("mode")).containsOnly("qemu-virtio");
        assertThat(nested.path("title").asText()).contains("TCG within TCG");
        assertThat(nested.path("notes").path(0).asText()).contains("emulated by the QEMU around it");
        assertThat(nested.path("cells").findValuesAsText("mode")).containsExactlyInAnyOrderElementsOf(MODES);
        for (JsonNode cell : nested.path("cells")) {
            JsonNode summary = cell.path("summary");
            assertThat(summary.path("operations_per_second").path("median").asDouble())
                    .as(cell.toString())
                    .isPositive();
            assertThat(summary.path("interrupts_per_operation").path("median").asDouble())
                    .as(cell.toString())
                    .isPositive();
        }
        // A guest's processor reaches a device that it has for itself without a trap, its interrupts still come by the
        // host.
        assertThat(traps(nested, "net-sriov")).isLessThan(traps(nested, "qemu-virtio"));
        assertThat(Files.readString(output.resolve("report.html"))).contains("<section id='nested'>");
        assertThat(script.temporaryFiles()).isEmpty();
        assertThat(script.processes()).isEmpty();
    }

    private static double traps(JsonNode table, String mode) {
        for (JsonNode cell : table.path("cells")) {
            if (cell.path("mode").asText().equals(mode)) {
                return cell.path("summary")
                        .path("traps_per_operation")
                        .path("median")
                        .asDouble(Double.NaN);
            }
        }
        return Double.NaN;
    }
}
