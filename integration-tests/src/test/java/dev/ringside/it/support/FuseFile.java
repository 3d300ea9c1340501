package dev.ringside.it.support;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A file that another process answers for: qemu-storage-daemon, by FUSE. The process can be made to answer no more. */
public final class FuseFile implements AutoCloseable {
    private final Child process;

    private FuseFile(Child process) {
        this.process = process;
    }

    /**
     * Mounts one, or skips the test where that is not possible.
     *
     * @param path where; does not exist yet
     * @param content a file, whose size it has as well
     */
    public static FuseFile mount(Path path, Path content) throws Exception {
        Root.needed("mount by FUSE");
        assumeTrue(Files.exists(Path.of("/dev/fuse")), "there is no /dev/fuse here");
        Files.createFile(path);
        long bytes = Files.size(content);
        List<String> command = List.of(
                Lab.program("qemu-storage-daemon"),
                "--blockdev",
                "driver=file,node-name=content,filename=" + content,
                "--export",
                "type=fuse,id=file,node-name=content,writable=on,mountpoint=" + path);
        FuseFile file = new FuseFile(Child.start("qemu-storage-daemon", command));
        try {
            Await.until("a file is mounted", () -> !file.process.isAlive() || Files.size(path) == bytes);
            assumeTrue(
                    file.process.isAlive(),
                    "FUSE does not work here: " + file.process.err().text());
            return file;
        } catch (Throwable e) {
            file.close();
            throw e;
        }
    }

    /** Nothing is answered from here on. */
    public void hang() throws IOException, InterruptedException {
        process.signal("STOP");
    }

    /** All is answered again, what was asked meanwhile as well. */
    public void goOn() throws IOException, InterruptedException {
        process.signal("CONT");
    }

    @Override
    public void close() throws IOException {
        try (process) {
            goOn();
            process.signal("TERM");
            process.finish();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
