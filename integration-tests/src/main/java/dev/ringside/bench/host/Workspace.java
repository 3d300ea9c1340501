package dev.ringside.bench.host;

import dev.ringside.bench.BenchException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * A directory for one benchmark, with its processes: both are gone when it is over, however it ends. Made before
 * anything else is started.
 */
public final class Workspace implements AutoCloseable {
    /** Followed by the process id of whom it belongs to. */
    private static final String PREFIX = "run-";

    private final Path directory;
    private final Children children;
    private final Thread hook = new Thread(this::clear, "cleanup");

    /** @param parent is made if it is missing */
    public Workspace(Path parent) throws BenchException {
        try {
            Files.createDirectories(parent);
            removeAbandoned(parent);
            directory = Files.createTempDirectory(
                    parent.toAbsolutePath(), PREFIX + ProcessHandle.current().pid() + "-");
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

    /** What was left behind by a benchmark that was killed outright. */
    private static void removeAbandoned(Path parent) throws IOException {
        try (DirectoryStream<Path> directories = Files.newDirectoryStream(parent, PREFIX + "*-*")) {
            for (Path directory : directories) {
                String owner = directory.getFileName().toString().split("-", -1)[1];
                if (owner.matches("\\d+") && !Files.exists(Path.of("/proc", owner))) {
                    remove(directory);
                }
            }
        }
    }

    private static void remove(Path directory) throws IOException {
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }

    private synchronized void clear() {
        children.close();
        if (!Files.exists(directory)) {
            return;
        }
        try {
            remove(directory);
        } catch (IOException e) {
            System.err.println("bench: cannot delete " + directory + ": " + e.getMessage());
        }
    }
}
