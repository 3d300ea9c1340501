package dev.ringside.vfiouser;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** INTx as QEMU under TCG and as KVM use it. */
class InterruptTest {
    private static final int NONE = 0x01;
    private static final int BOOL = 0x02;
    private static final int EVENTFD = 0x04;
    private static final int MASK = 0x08;
    private static final int UNMASK = 0x10;
    private static final int TRIGGER = 0x20;

    private ServerFixture server;
    private TestClient client;
    private Fd event;

    @BeforeEach
    void start(@TempDir Path directory) throws Exception {
        server = new ServerFixture(directory);
        client = server.client();
        event = EventFd.create();
        client.call(TestClient.SET_IRQS, List.of(event), 20, TRIGGER | EVENTFD, 0, 0, 1);
    }

    @AfterEach
    void stop() throws Exception {
        client.close();
        event.close();
        server.close();
    }

    private void irq(int flags) throws Exception {
        client.call(TestClient.SET_IRQS, 20, flags, 0, 0, 1);
    }

    private void level(int level) throws Exception {
        client.call(TestClient.REGION_WRITE, (long) TestFunction.LEVEL, 0, 4, level);
    }

    private boolean signalled() throws Exception {
        // A signal is sent with what the loop has to do next, perhaps after the answer: by the next answer it has been.
        client.readRegister(0, TestFunction.BUSY);
        boolean signalled = Files.readAllLines(Path.of("/proc/self/fdinfo/" + event.value())).stream()
                .anyMatch(line -> line.startsWith("eventfd-count:")
                        && !line.substring("eventfd-count:".length()).strip().equals("0"));
        if (signalled) {
            // Not otherwise: a signal that comes after the look is for the next one.
            EventFd.drain(event);
        }
        return signalled;
    }

    @Test
    void shouldSignalOnceUntilUnmasked() throws Exception {
        level(1);
        assertThat(signalled()).isTrue();
        level(0);
        level(1);
        assertThat(signalled()).as("masked by itself").isFalse();
        irq(UNMASK | NONE);
        assertThat(signalled()).as("still asserted").isTrue();
        level(0);
        irq(UNMASK | NONE);
        assertThat(signalled()).isFalse();
        level(1);
        assertThat(signalled()).isTrue();
    }

    @Test
    void shouldFollowTheSequenceOfKvm() throws Exception {
        irq(MASK | NONE);
        try (Fd resample = EventFd.create()) {
            client.call(TestClient.SET_IRQS, List.of(resample), 20, UNMASK | EVENTFD, 0, 0, 1);
            level(1);
            assertThat(signalled()).isFalse();
            irq(UNMASK | NONE);
            assertThat(signalled()).isTrue();
            // The guest has ended its interrupt: KVM signals the resample eventfd, and nobody sends a message.
            EventFd.signal(resample);
            long deadline = System.nanoTime() + 5_000_000_000L;
            boolean again = false;
            while (!again && System.nanoTime() < deadline) {
                again = signalled();
            }
            assertThat(again).isTrue();
            level(0);
            EventFd.signal(resample);
            level(0);
            assertThat(signalled()).isFalse();
            client.call(TestClient.SET_IRQS, 20, UNMASK | EVENTFD, 0, 0, 1);
        }
    }

    @Test
    void shouldStopSignallingWhenDisabled() throws Exception {
        client.call(TestClient.SET_IRQS, 20, TRIGGER | NONE, 0, 0, 0);
        level(1);
        assertThat(signalled()).isFalse();
        client.call(TestClient.SET_IRQS, List.of(event), 20, TRIGGER | EVENTFD, 0, 0, 1);
        assertThat(signalled()).as("asserted when enabled").isTrue();
        client.call(TestClient.SET_IRQS, 20, TRIGGER | EVENTFD, 0, 0, 1);
        irq(UNMASK | NONE);
        assertThat(signalled()).isFalse();
    }

    @Test
    void shouldSignalOnRequest() throws Exception {
        irq(TRIGGER | NONE);
        assertThat(signalled()).isTrue();
        client.call(TestClient.SET_IRQS, 21, TRIGGER | BOOL, 0, 0, 1, new byte[] {0});
        assertThat(signalled()).isFalse();
        client.call(TestClient.SET_IRQS, 21, TRIGGER | BOOL, 0, 0, 1, new byte[] {1});
        assertThat(signalled()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "0x21, 0, 0, 2", "0x21, 0, 1, 1", "0x21, 1, 0, 1", "0x21, 5, 0, 0", "0x21, -1, 0, 1", "0x21, 0, -1, 1",
        "0x21, 0, 0, -1", "0x20, 0, 0, 1", "0x23, 0, 0, 1", "0x31, 0, 0, 1", "0x01, 0, 0, 1", "0x41, 0, 0, 1",
        "0x22, 0, 0, 1", "0x0c, 0, 0, 1", "0, 0, 0, 0"
    })
    void shouldRefuseWhatMeansNothing(int flags, int index, int start, int count) throws Exception {
        client.refused(TestClient.SET_IRQS, 20, flags, index, start, count);
        level(1);
        assertThat(signalled()).as("nothing has changed").isTrue();
    }
}
