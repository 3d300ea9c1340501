package dev.ringside.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.Pipe;
import dev.ringside.linux.Poll;
import dev.ringside.linux.UnixSocket;
import dev.ringside.loop.Engine;
import dev.ringside.testing.EachEngine;
import dev.ringside.testing.EchoDevice;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.ProcSelf;
import dev.ringside.testing.TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;

/** The other ways to a front-end: one that listens itself, and sockets that are inherited. */
@EachEngine
class ConnectTest {
    @Parameter
    Engine engine;

    @TempDir
    Path directory;

    private ProcSelf before;
    private TestServer server;

    @BeforeEach
    void start() {
        before = ProcSelf.now();
        server = new TestServer(new EchoDevice(1), engine);
    }

    @AfterEach
    void shouldLeaveNothingBehind() {
        server.close();
        ProcSelf.awaitNoMoreThan(before);
    }

    private static void shouldServe(UnixSocket connection) {
        try (FakeFrontEnd frontEnd = new FakeFrontEnd(connection)) {
            EchoServed.shouldEcho(frontEnd.negotiate());
        }
    }

    private static UnixSocket awaitConnection(UnixSocket listening) throws LinuxException {
        assertThat(Poll.readable(listening.fd(), FakeFrontEnd.DEADLINE)).isTrue();
        return listening.accept();
    }

    @Test
    void shouldConnectToAFrontEndThatListens() throws Exception {
        Path path = directory.resolve("front-end");
        try (UnixSocket frontEnd = UnixSocket.listen(path)) {
            server.server().connect(path);
            shouldServe(awaitConnection(frontEnd));
        }
    }

    @Test
    void shouldTryUntilTheFrontEndIsThere() throws Exception {
        Path path = directory.resolve("front-end");
        server.server().connect(path);
        server.control().call(() -> null).get(); // it has tried by now, in vain
        try (UnixSocket frontEnd = UnixSocket.listen(path)) {
            shouldServe(awaitConnection(frontEnd));
        }
    }

    @Test
    void shouldConnectAgainWhenTheFrontEndHasGone() throws Exception {
        Path path = directory.resolve("front-end");
        server.server().connect(path);
        for (int i = 0; i < 2; i++) {
            try (UnixSocket frontEnd = UnixSocket.listen(path)) {
                shouldServe(awaitConnection(frontEnd));
                shouldServe(awaitConnection(frontEnd));
            }
            Files.delete(path);
        }
    }

    @Test
    void shouldEndWhileItTries() throws Exception {
        server.server().connect(directory.resolve("nobody"));
        server.server().close().get(FakeFrontEnd.DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Test
    void shouldRefuseToConnectToAPathThatIsTooLong() {
        Path path = directory.resolve("s".repeat(108));
        assertThatThrownBy(() -> server.server().connect(path))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("longer than 107 bytes");
    }

    @Test
    void shouldServeAnInheritedSocketThatListens() throws Exception {
        Path path = directory.resolve("inherited");
        server.server().adopt(new Fd(UnixSocket.listen(path).fd().release()));
        for (int i = 0; i < 3; i++) {
            shouldServe(UnixSocket.connect(path));
        }
    }

    @Test
    void shouldServeAnInheritedConnectionUntilItEnds() throws Exception {
        UnixSocket[] pair = UnixSocket.pair();
        server.server().adopt(new Fd(pair[1].fd().release()));
        assertThat(server.server().finished()).isNotDone();
        shouldServe(pair[0]);
        server.server().finished().get(FakeFrontEnd.DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Test
    void shouldRefuseAnInheritedDescriptorThatIsNoSocket() throws Exception {
        try (Pipe pipe = Pipe.create()) {
            Fd copy = pipe.readEnd().duplicate();
            assertThatThrownBy(() -> server.server().adopt(copy))
                    .isInstanceOf(LinuxException.class)
                    .hasMessageContaining("Socket operation on non-socket");
            assertThat(copy.isOpen()).isFalse();
        }
    }

    @Test
    void shouldRefuseAnInheritedDescriptorThatIsNotOpen() {
        assertThatThrownBy(() -> server.server().adopt(new Fd(19_999)))
                .isInstanceOf(LinuxException.class)
                .hasMessageContaining("Bad file descriptor");
    }
}
