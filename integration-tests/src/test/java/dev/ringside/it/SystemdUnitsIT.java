package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ringside.it.support.HostTools;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The units of {@code scripts/systemd}, as systemd itself reads and rates them. */
class SystemdUnitsIT {
    private static final Path ANALYZER = Path.of("/usr/bin/systemd-analyze");

    @TempDir
    private Path directory;

    @BeforeAll
    static void systemdIsThere() {
        assumeTrue(Files.isExecutable(ANALYZER), "this host has no systemd-analyze");
    }

    private static Result analyze(String... arguments) throws InterruptedException {
        return HostTools.runOwn(ANALYZER, arguments);
    }

    /** A unit as it would be installed, but for where the programs are. */
    private Path unit(String name) throws Exception {
        Path scripts = Path.of(Lab.script("."));
        String text = Files.readString(scripts.resolve("systemd").resolve(name));
        assertThat(text).contains("/opt/ringside/scripts/");
        Path unit = directory.resolve(name);
        return Files.writeString(
                unit, text.replace("/opt/ringside/scripts", scripts.normalize().toString()));
    }

    @ParameterizedTest
    @CsvSource({"ringside-blk@.service", "ringside-net@.service", "ringside-e1000@.service"})
    void systemdHasNothingToSayAgainstIt(String template) throws Exception {
        Path instance = unit(template).resolveSibling(template.replace("@", "@a"));
        Result result = analyze("verify", "--man=no", instance.toString());
        assertThat(result.expectSuccess() + result.err())
                .as("about units other than ours this host may have something to say")
                .doesNotContain("ringside");
    }

    /** @param exposure at most, in tenths of what systemd calls "exposure level": 20 and below is "OK" or better */
    @ParameterizedTest
    @CsvSource({"ringside-blk@.service, 10", "ringside-net@.service, 20", "ringside-e1000@.service, 20"})
    void littleIsExposed(String template, int exposure) throws Exception {
        Result result = analyze(
                "security",
                "--offline=true",
                "--threshold=" + exposure,
                unit(template).toString());
        assertThat(result.status()).as(result.out()).isZero();
    }
}
