package dev.ringside.bench.host;

import dev.ringside.bench.BenchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * A directory for one benchmark, with its processes: both are gone when it is over, however it ends. Made before
 * anything else is started.
 */
public final class Workspace implements AutoCloseable {
    private final Path directory;
    private final Children children;
    private final Thread hook = new Thread(this::clear, "cleanup");

    /** @param parent is made if it is missing */
    public Workspace(Path parent) throws BenchException {
        try {
            Files.createDirectories(parent);
            directory = Files.createTempDirectory(parent.toAbsolutePath(), "run-");
        } catch (IOException e) {
            throw new BenchException("cannot make a directory in " + parent + ": " + e.getMessage(), e);
        }
        children = new Children(directory);
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Where files and sockets go. */
    public Path directory() {
        return directory;
    }

    /** Who starts processes. */
    public Children children() {
        return children;
    }

    @Override
    public void close() {
        clear();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // It is running: Ctrl-C.
        }
    }

    private synchronized void clear() {
        children.close();
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            System.err.println("bench: cannot delete " + directory + ": " + e.getMessage());
        }
    }
}
