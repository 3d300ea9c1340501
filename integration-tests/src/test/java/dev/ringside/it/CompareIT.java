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
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.assertj.core.api.Assumptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;

/** {@code scripts/compare}: the ways to give a guest its I/O, side by side. */
@ExtendWith(Lab.class)
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

    /** The mode whose back-end is killed while its guest pings. */
    private static final String KILLED = "virtio-poll";

    @TempDir
    private static Path directory;

    private static GuestScript script;
    private static Path output;
    private static Result result;

    /** One round of two of the quick one's workloads, in all modes: what is tested of it costs no guest of its own. */
    @BeforeAll
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    static void compare() throws Exception {
        Root.needed("make a network namespace with a TAP in it");
        Assumptions.assumeThat(Path.of("/dev/net/tun")).exists();
        script = new GuestScript(directory);
        output = directory.resolve("o");
        try (Child compare =
                start("--output=" + output, "--quick", "--accel=tcg", "--repeat=1", "--workloads=ping,read-4k-1")) {
            for (String mode : MODES.subList(0, MODES.indexOf(KILLED) + 1)) {
                compare.err().await("round 1: " + mode);
                compare.err().await("  " + mode + " ping ...");
                if (!mode.equals(KILLED)) {
                    compare.err().await("  " + mode + " ping: ");
                }
            }
            compare.descendant("vhost-user-net.jar").destroyForcibly();
            result = compare.finish(PATIENCE);
        }
    }

    @AfterAll
    static void nothingIsLeft() throws Exception {
        if (script != null) {
            assertThat(script.temporaryFiles()).isEmpty();
            assertThat(script.processes()).isEmpty();
        }
    }

    @Test
    void everyModeHasFiguresOrAReason() throws Exception {
        JsonNode table = report();
        for (String mode : MODES) {
            JsonNode told = table.path("modes").path(mode);
            String workload = told.path("kind").asText().equals("network") ? "ping" : "read-4k-1";
            if (mode.endsWith("passthrough") || mode.endsWith("sriov")) {
                assertThat(told.path("left_out").path("1 guests").asText())
                        .as(mode)
                        .contains("is given for it");
            } else if (!mode.equals(KILLED)) {
                assertThat(summary(table, mode, workload)
                                .path("operations_per_second")
                                .path("median")
                                .asDouble())
                        .as(mode)
                        .isPositive();
                assertThat(told.path("commands")).as(mode).isNotEmpty();
            }
        }
        assertThat(result.out()).contains("Not measured here:", "net-sriov: no NIC");
    }

    /** Of a stream, how much is done at once depends on how busy the machine is; of one at a time, nothing does. */
    @Test
    void paravirtualDevicesTakeFewerCrossingsThanEmulatedOnes() throws Exception {
        JsonNode table = report();
        assertThat(crossings(table, "virtio", "ping")).isPositive().isLessThan(crossings(table, "e1000", "ping"));
        assertThat(crossings(table, "qemu-virtio-blk", "read-4k-1"))
                .isPositive()
                .isLessThan(crossings(table, "qemu-ahci", "read-4k-1"));
    }

    @Test
    void aBackendThatDiesIsReportedAndTheRestIsComplete() throws Exception {
        assertThat(result.status()).as(result.toString()).isEqualTo(1);
        assertThat(result.out().lines().filter(line -> line.contains("FAILED")))
                .singleElement()
                .asString()
                .contains("virtio-poll FAILED in round 1: virtio-poll has ended while the guest was using it");
        JsonNode table = report();
        assertThat(cell(table, KILLED, "ping").path("failures").path(0).asText())
                .contains("has ended");
        assertThat(summary(table, KILLED, "ping")).isEmpty();
        assertThat(Files.readString(output.resolve("report.html"))).contains("<b>virtio-poll failed</b>");
    }

    /** The page draws a bar for each mode, and all of it can be seen. */
    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void thePageLooksRightInABrowser() throws Exception {
        String browser = browser();
        Path picture = directory.resolve("page.png");
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

    /** A component of the lab that only this test needs: made for it, if the archive can be reached. */
    private static String browser() throws InterruptedException {
        try {
            return Lab.program("chromium", "chromium");
        } catch (IOException e) {
            throw new TestAbortedException("no browser, for it cannot be fetched: " + e.getMessage(), e);
        }
    }

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    @EnabledIfSystemProperty(
            named = "ringside.compare",
            matches = "true",
            disabledReason = "boots three more guests; JournalTest has the logic: -Dringside.compare=true")
    void whatWasInterruptedGoesOn() throws Exception {
        String apart = "--output=" + directory.resolve("interrupted");
        try (Child compare =
                start(apart, "--quick", "--accel=tcg", "--repeat=1", "--modes=qemu-virtio,passt", "--workloads=ping")) {
            compare.err().await("round 1: passt");
            compare.signal("INT");
            assertThat(compare.finish().status()).isEqualTo(INTERRUPTED);
        }
        Result resumed;
        try (Child compare = start(apart, "--resume")) {
            resumed = compare.finish(PATIENCE);
        }
        assertThat(resumed.status()).as(resumed.toString()).isZero();
        // Whoever was finished is not measured again.
        assertThat(resumed.err()).contains("round 1: passt").doesNotContain("round 1: qemu-virtio");
        JsonNode table = report(directory.resolve("interrupted"));
        assertThat(crossings(table, "passt", "ping")).isPositive();
        assertThat(crossings(table, "qemu-virtio", "ping")).isPositive();
    }

    private static Child start(String... arguments) {
        return script.startOther("compare", arguments);
    }

    private static JsonNode report() throws IOException {
        return report(output);
    }

    private static JsonNode report(Path directory) throws IOException {
        return JSON.readTree(directory.resolve("report.json").toFile())
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
