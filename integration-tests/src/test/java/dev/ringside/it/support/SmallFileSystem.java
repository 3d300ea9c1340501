package dev.ringside.it.support;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A file system that is soon full: a tmpfs, mounted for a test. */
public final class SmallFileSystem implements AutoCloseable {
    private final Path directory;

    private SmallFileSystem(Path directory) {
        this.directory = directory;
    }

    /** Mounts one of so many mebibytes, or skips the test where that is not allowed. */
    public static SmallFileSystem mount(Path directory, int mebibytes) throws IOException, InterruptedException {
        Root.needed("mount a file system");
        Files.createDirectory(directory);
        Result result = run("mount", "-t", "tmpfs", "-o", "size=" + mebibytes + "m", "ringside", directory.toString());
        assumeTrue(result.status() == 0, "no file system can be mounted here: " + result.err());
        return new SmallFileSystem(directory);
    }

    /** Gives it another size. */
    public void resize(int mebibytes) throws InterruptedException {
        run("mount", "-o", "remount,size=" + mebibytes + "m", directory.toString())
                .expectSuccess();
    }

    private static Result run(String... command) throws InterruptedException {
        return Child.run(command[0], List.of(command));
    }

    @Override
    public void close() {
        try {
            run("umount", "-l", directory.toString()).expectSuccess();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
