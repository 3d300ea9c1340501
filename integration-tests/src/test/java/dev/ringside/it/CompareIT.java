package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ringside.it.support.Child;
import dev.ringside.it.support.GuestScript;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.Result;
import dev.ringside.it.support.Root;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.assertj.core.api.Assumptions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** {@code scripts/compare}: the ways to give a guest its I/O, side by side. */
@ExtendWith(Lab.class)
@EnabledIfSystemProperty(
        named = "ringside.compare",
        matches = "true",
        disabledReason = "takes five minutes, and a browser of 173 MB: -Dringside.compare=true")
class CompareIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration PATIENCE = Duration.ofMinutes(14);
    private static final int INTERRUPTED = 130;
    private static final List<String> MODES = List.of(
            "e1000",
            "virtio",
            "virtio-poll",
            "qemu-e1000",
            "qemu-virtio",
            "passt",
            "net-passthrough",
            "net-sriov",
            "virtio-blk",
            "virtio-blk-direct",
            "virtio-blk-poll",
            "qemu-virtio-blk",
            "qemu-storage-daemon",
            "qemu-ahci",
            "nvme-passthrough",
            "nvme-sriov");

    @TempDir
    private Path directory;

    private GuestScript script;
    private Path output;

    @BeforeEach
    void makeScript() throws Exception {
        Root.needed("make a network namespace with a TAP in it");
        Assumptions.assumeThat(Path.of("/dev/net/tun")).exists();
        script = new GuestScript(directory);
        output = directory.resolve("o");
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        assertThat(script.temporaryFiles()).isEmpty();
        assertThat(script.processes()).isEmpty();
    }

    /** One round of the quick one: it has all modes. */
    @Test
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void everyModeHasFiguresOrAReason() throws Exception {
        Result result;
        try (Child compare = start("--quick", "--accel=tcg", "--repeat=1")) {
            result = compare.finish(PATIENCE);
        }
        assertThat(result.status()).as(result.toString()).isZero();
        JsonNode table = report();
        for (String mode : MODES) {
            JsonNode told = table.path("modes").path(mode);
            String kind = told.path("kind").asText();
            if (told.path("left_out").isEmpty()) {
                table.path("workloads").properties().stream()
                        .filter(workload ->
                                workload.getValue().path("kind").asText().equals(kind))
                        .forEach(workload -> assertThat(summary(table, mode, workload.getKey())
                                        .path("operations_per_second")
                                        .path("median")
                                        .asDouble())
                                .as(mode + " " + workload.getKey())
                                .isPositive());
                assertThat(told.path("commands")).as(mode).isNotEmpty();
            } else {
                assertThat(told.path("left_out").path("1 guests").asText())
                        .as(mode)
                        .contains("is given for it");
            }
        }
        // Of a stream, how much is done at once depends on how busy the machine is; of a ping, nothing does.
        assertThat(crossings(table, "virtio", "ping")).isPositive().isLessThan(crossings(table, "e1000", "ping"));
        assertThat(crossings(table, "qemu-virtio-blk", "read-4k-1"))
                .isPositive()
                .isLessThan(crossings(table, "qemu-ahci", "read-4k-1"));
        assertThat(result.out()).contains("Not measured here:", "net-sriov: no NIC");
        looksRightInABrowser();
    }

    /** The page draws a bar for each mode, and all of it can be seen. */
    private void looksRightInABrowser() throws Exception {
        Path picture = directory.resolve("page.png");
        String browser = Lab.program("chromium", "chromium");
        Process process = new ProcessBuilder(
                        browser,
                        "--user-data-dir=" + directory.resolve("profile"),
                        "--window-size=1400,3000",
                        "--screenshot=" + picture,
                        output.resolve("report.html").toUri().toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("browser.log").toFile())
                .start();
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
        assertThat(picture).exists();
        BufferedImage pixels = ImageIO.read(picture.toFile());
        int emulated = 0;
        int paravirtual = 0;
        for (int x = 0; x < pixels.getWidth(); x++) {
            for (int y = 0; y < pixels.getHeight(); y++) {
                int colour = pixels.getRGB(x, y) & 0xffffff;
                emulated += colour == 0xc8553d ? 1 : 0;
                paravirtual += colour == 0x2a7f9e ? 1 : 0;
            }
        }
        assertThat(emulated).as("pixels of bars of emulated devices").isGreaterThan(10_000);
        assertThat(paravirtual).as("pixels of bars of para-virtual devices").isGreaterThan(10_000);
    }

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void aBackendThatDiesIsReportedAndTheRestIsComplete() throws Exception {
        Result result;
        try (Child compare = start(
                "--quick",
                "--accel=tcg",
                "--repeat=1",
                "--seconds=4",
                "--modes=virtio,qemu-virtio",
                "--workloads=ping")) {
            compare.err().await("  virtio ping ...");
            compare.descendant("vhost-user-net.jar").destroyForcibly();
            result = compare.finish(PATIENCE);
        }
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.out()).contains("virtio FAILED in round 1: virtio has ended while the guest was using it");
        JsonNode table = report();
        assertThat(cell(table, "virtio", "ping").path("failures").path(0).asText())
                .contains("has ended");
        assertThat(summary(table, "virtio", "ping")).isEmpty();
        assertThat(crossings(table, "qemu-virtio", "ping")).isPositive();
        assertThat(Files.readString(output.resolve("report.html"))).contains("<b>virtio failed</b>");
    }

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void whatWasInterruptedGoesOn() throws Exception {
        try (Child compare =
                start("--quick", "--accel=tcg", "--repeat=1", "--modes=qemu-virtio,passt", "--workloads=ping")) {
            compare.err().await("round 1: passt");
            compare.signal("INT");
            assertThat(compare.finish().status()).isEqualTo(INTERRUPTED);
        }
        Result result;
        try (Child compare = start("--resume")) {
            result = compare.finish(PATIENCE);
        }
        assertThat(result.status()).as(result.toString()).isZero();
        // Whoever was finished is not measured again.
        assertThat(result.err()).contains("round 1: passt").doesNotContain("round 1: qemu-virtio");
        JsonNode table = report();
        assertThat(crossings(table, "passt", "ping")).isPositive();
        assertThat(crossings(table, "qemu-virtio", "ping")).isPositive();
    }

    private Child start(String... arguments) {
        String[] all = Arrays.copyOf(arguments, arguments.length + 1);
        all[arguments.length] = "--output=" + output;
        return script.startOther("compare", all);
    }

    private JsonNode report() throws Exception {
        return JSON.readTree(output.resolve("report.json").toFile())
                .path("tables")
                .path(0);
    }

    private static JsonNode cell(JsonNode table, String mode, String workload) {
        for (JsonNode cell : table.path("cells")) {
            if (cell.path("mode").asText().equals(mode)
                    && cell.path("workload").asText().equals(workload)) {
                return cell;
            }
        }
        throw new AssertionError("nothing of " + mode + " " + workload);
    }

    private static JsonNode summary(JsonNode table, String mode, String workload) {
        return cell(table, mode, workload).path("summary");
    }

    private static double crossings(JsonNode table, String mode, String workload) {
        return summary(table, mode, workload)
                .path("crossings_per_operation")
                .path("median")
                .asDouble();
    }
}
