package dev.ringside.it.support;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What only root can set up; a test that needs it is skipped for others. */
public final class Root {
    private Root() {}

    /**
     * Skips the test unless root runs it.
     *
     * @param why completes the sentence "only root can"
     */
    public static void needed(String why) throws IOException {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "only root can " + why);
    }
}
