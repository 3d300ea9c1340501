package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Await;
import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Child;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.QemuTools;
import dev.ringside.it.support.Result;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A backend that is asked to end does so with status 0, without a word of complaint, and takes its socket away. */
@ExtendWith(Lab.class)
class EndIT {
    @TempDir
    private Path directory;

    private Path image;
    private Backend backend;

    @BeforeEach
    void serve() throws IOException, InterruptedException {
        image = Images.blank(directory.resolve("disk"), 64 * Images.MIB);
        backend = Backend.serve(image);
    }

    @AfterEach
    void close() throws IOException {
        backend.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT"})
    void withNoFrontEnd(String signal) throws Exception {
        endsWell(signal);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT"})
    void withAFrontEndThatIsIdle(String signal) throws Exception {
        try (Child frontEnd = QemuTools.attach(backend.socket())) {
            endsWell(signal);
            assertThat(frontEnd.isAlive()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT"})
    void withAFrontEndThatWritesAllTheTime(String signal) throws Exception {
        int pattern = 0x77;
        try (Child _ = QemuTools.bench(backend.socket(), pattern)) {
            Await.until("something is written", () -> firstByte() == pattern);
            endsWell(signal);
        }
    }

    private int firstByte() throws IOException {
        try (InputStream in = Files.newInputStream(image)) {
            return in.read();
        }
    }

    private void endsWell(String signal) throws IOException, InterruptedException {
        Result result = backend.end(signal);
        assertThat(result.status()).isZero();
        assertThat(result.err()).doesNotContain("WARN", "ERROR");
        assertThat(backend.socket()).doesNotExist();
    }
}
