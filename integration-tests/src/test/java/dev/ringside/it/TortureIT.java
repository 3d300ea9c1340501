package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Child;
import dev.ringside.it.support.GuestScript;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** {@code scripts/torture}, for minutes; hours are for the hand. */
@ExtendWith(Lab.class)
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class TortureIT {
    private static final Duration PATIENCE = Duration.ofMinutes(25);

    @TempDir
    private Path directory;

    private GuestScript script;

    @BeforeEach
    void makeScript() throws Exception {
        Assumptions.assumeTrue(
                Files.isWritable(Path.of("/dev/net/tun")) && GuestScript.canHaveNetworks(),
                "no network namespaces here: neither root nor user namespaces");
        script = new GuestScript(directory);
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        if (script != null) {
            assertThat(script.temporaryFiles()).isEmpty();
            assertThat(script.processes()).isEmpty();
        }
    }

    private String lastLine(String... arguments) throws Exception {
        try (Child child = script.startOther("torture", arguments)) {
            Result result = child.finish(PATIENCE);
            assertThat(result.status()).as(result.toString()).isZero();
            return result.out().lines().toList().getLast();
        }
    }

    @Test
    void aHundredKillsLoseNothing() throws Exception {
        assertThat(lastLine("--count=100", "--every=1-2", "--reset=90")).startsWith("kills=100 errors=0 ");
    }

    @Test
    void takeoversLoseNothing() throws Exception {
        assertThat(lastLine("--takeover", "--count=4", "--every=1-2")).startsWith("takeovers=4 errors=0 ");
    }

    @Test
    void migrationsInARowLoseNothing() throws Exception {
        assertThat(lastLine("--migrate", "--count=3", "--every=1-3")).startsWith("migrations=3 errors=0 ");
    }
}
