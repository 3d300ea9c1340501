package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.ringside.it.support.Backend;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images that cannot be served. */
class BadImageIT {
    @TempDir
    private Path directory;

    @Test
    void missing() throws Exception {
        refuses(directory.resolve("nowhere"), "No such file");
    }

    @Test
    void aDirectory() throws Exception {
        refuses(directory, "is a directory");
    }

    @Test
    void notOfWholeSectors() throws Exception {
        refuses(Files.write(directory.resolve("odd"), new byte[1000]), "1000 bytes, is no multiple of 512");
    }

    @Test
    void empty() throws Exception {
        refuses(Files.createFile(directory.resolve("empty")), "is empty");
    }

    @Test
    void aDeviceThatIsNoDisk() throws Exception {
        refuses(Path.of("/dev/null"), "disk image");
    }

    /** Opening one for reading would wait for a writer, for ever. */
    @Test
    void aPipe() throws Exception {
        Path pipe = directory.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        refuses(pipe, "is neither a file nor a block device");
        refuses(pipe, "is neither a file nor a block device", "--read-only");
    }

    @Test
    void notAllowed() throws Exception {
        Path image = Files.write(directory.resolve("secret"), new byte[512]);
        Files.setPosixFilePermissions(image, PosixFilePermissions.fromString("---------"));
        assumeFalse(Files.isReadable(image), "this user may read every file");
        refuses(image, "Permission denied");
    }

    @Test
    void notAllowedToBeWritten() throws Exception {
        Path image = Files.write(directory.resolve("kept"), new byte[512]);
        Files.setPosixFilePermissions(image, PosixFilePermissions.fromString("r--r--r--"));
        assumeFalse(Files.isWritable(image), "this user may write every file");
        refuses(image, "Permission denied");
        Backend.serve(image, "--read-only").close();
    }

    private void refuses(Path image, String complaint, String... options) throws InterruptedException {
        Path socket = directory.resolve("socket");
        List<String> arguments = new ArrayList<>(List.of("--blk-file=" + image, "--socket-path=" + socket));
        arguments.addAll(List.of(options));
        assertThat(Backend.run(arguments.toArray(String[]::new)))
                .satisfies(
                        Complaint.with(1, complaint),
                        result -> assertThat(result.err()).contains(image.toString()));
        assertThat(socket).doesNotExist();
    }
}
