package dev.ringside.it;

import dev.ringside.it.live.LiveFuzz;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A few seconds of what {@code scripts/fuzz live} does for as long as one likes. */
class LiveFuzzIT {
    private static final int SECONDS = 5;

    @TempDir
    private Path directory;

    @ParameterizedTest
    @EnumSource
    void aPeerThatRewritesSharedMemoryHarmsOnlyItself(LiveFuzz.Program program) throws Exception {
        long seed = System.nanoTime();
        LiveFuzz.Result result = LiveFuzz.run(program, directory, SECONDS, seed);
        System.out.println("live " + program + ": " + result + ", seed " + seed);
    }
}
