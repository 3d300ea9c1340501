package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Child;
import dev.ringside.it.support.GuestScript;
import dev.ringside.it.support.Result;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code scripts/fuzz}, bounded: from the same corpora and the same seed each time. Hours are for the hand.
 * What it has tried, and how much of the code it has reached, is in this test's output.
 */
@Timeout(value = 12, unit = TimeUnit.MINUTES)
class FuzzIT {
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    @TempDir
    private Path directory;

    private List<String> lines(String... arguments) throws Exception {
        try (Child child = new GuestScript(directory).startOther("fuzz", arguments)) {
            Result result = child.finish(PATIENCE);
            String said = result.expectSuccess();
            System.out.println(said);
            return said.lines().toList();
        }
    }

    @Test
    void noTargetFindsAnything() throws Exception {
        List<String> said = lines(
                "--executions=2000",
                "--seconds=30",
                "--jobs=2",
                "--seed=1",
                "--coverage",
                "--corpus=" + directory.resolve("corpora"));
        List<String> targets =
                said.stream().filter(line -> line.contains(" edges=")).toList();
        assertThat(targets).hasSizeGreaterThanOrEqualTo(14).allMatch(line -> numberIn(line, "executions=") > 0);
        assertThat(said)
                .filteredOn(line -> line.startsWith("all "))
                .singleElement()
                .matches(line -> numberIn(line, "executions=")
                        == targets.stream()
                                .mapToLong(target -> numberIn(target, "executions="))
                                .sum());
        assertThat(said)
                .filteredOn(line -> line.startsWith("coverage "))
                .hasSizeGreaterThanOrEqualTo(10)
                .allMatch(line -> numberIn(line, "lines=") > 0);
    }

    @Test
    void noProgramIsBroughtDownByAHostileFrontEnd() throws Exception {
        List<String> said = lines("live", "--seconds=5", "--seed=1");
        assertThat(said).hasSize(3);
    }

    private static long numberIn(String line, String key) {
        return Arrays.stream(line.split(" ", -1))
                .filter(word -> word.startsWith(key))
                .mapToLong(word -> Long.parseLong(word.substring(key.length()).replace("%", "")))
                .findFirst()
                .orElseThrow();
    }
}
