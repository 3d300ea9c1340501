package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Child;
import dev.ringside.it.support.GuestScript;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.Result;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** {@code scripts/nested}: passthrough and SR-IOV on emulated hardware, in guests that play the host. */
@ExtendWith(Lab.class)
class NestedIT {
    private static final int INTERRUPTED = 130;
    /** It takes two minutes on an idle machine. */
    private static final Duration PATIENCE = Duration.ofMinutes(14);

    @TempDir
    private Path directory;

    private GuestScript script;

    @BeforeEach
    void makeScript() throws Exception {
        script = new GuestScript(directory);
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        assertThat(script.temporaryFiles()).isEmpty();
        assertThat(script.processes()).isEmpty();
    }

    /** Each of its tests is a line; a failed one is followed by what it has said. */
    @Test
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void allItsTestsPass() throws Exception {
        Result result;
        try (Child nested = script.startOther("nested", "--accel=tcg")) {
            result = nested.finish(PATIENCE);
        }
        assertThat(result.out())
                .contains("== whole", "== crashes", "== no-remapping", "== no-iommu")
                .doesNotContain("FAIL");
        assertThat(result.out().lines().reduce("", (before, line) -> line))
                .matches("nested: [1-9][0-9] passed, 0 failed, in [0-9]+ s");
        assertThat(result.status()).isZero();
    }

    @Test
    void ctrlCEndsAll() throws Exception {
        try (Child nested = script.startOther("nested", "--accel=tcg", "--host=no-iommu")) {
            nested.out().await("ok   ");
            nested.signal("INT");
            assertThat(nested.finish().status()).isEqualTo(INTERRUPTED);
        }
    }
}
