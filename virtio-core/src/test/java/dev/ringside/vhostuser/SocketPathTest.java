package dev.ringside.vhostuser;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringside.channel.SocketAccess;
import dev.ringside.linux.UnixSocket;
import dev.ringside.loop.Engine;
import dev.ringside.testing.EachEngine;
import dev.ringside.testing.EchoDevice;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;

/** Where a server listens, and what may be there already. */
@EachEngine
class SocketPathTest {
    @Parameter
    Engine engine;

    @TempDir
    Path directory;

    private TestServer server;

    @AfterEach
    void close() {
        if (server != null) {
            server.close();
        }
    }

    private void listen(Path path) throws IOException {
        server = new TestServer(new EchoDevice(1), engine);
        server.server().listen(path);
    }

    private void shouldServe(Path path) {
        try (FakeFrontEnd frontEnd = FakeFrontEnd.connect(path)) {
            EchoServed.shouldEcho(frontEnd.negotiate());
        }
    }

    private void shouldRefuse(Path path, String why) {
        assertThatThrownBy(() -> listen(path))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(why)
                .hasMessageContaining(path.toString());
        shouldServeElsewhere();
    }

    /** A refused path leaves the server as it was. */
    private void shouldServeElsewhere() {
        try {
            server.server().listen(directory.resolve("elsewhere"));
            shouldServe(directory.resolve("elsewhere"));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private Path ofLength(int bytes) {
        String prefix = directory + "/";
        return Path.of(prefix + "s".repeat(bytes - prefix.length()));
    }

    @Test
    void shouldListenAtTheLongestPathThatThereIs() throws Exception {
        Path path = ofLength(107);
        listen(path);
        shouldServe(path);
    }

    @Test
    void shouldRefuseAPathThatIsTooLong() {
        shouldRefuse(ofLength(108), "longer than 107 bytes");
    }

    @Test
    void shouldCountTheBytesOfAPathNotItsCharacters() {
        Path path = Path.of(ofLength(100) + "€€€");
        shouldRefuse(path, "longer than 107 bytes");
    }

    @Test
    void shouldRemoveItsSocketWhenItEnds() throws Exception {
        Path path = directory.resolve("socket");
        listen(path);
        shouldServe(path);
        server.close();
        server = null;
        assertThat(path).doesNotExist();
    }

    @Test
    void shouldTakeOverAStaleSocket() throws Exception {
        Path path = directory.resolve("stale");
        UnixSocket.listen(path).close();
        assertThat(path).exists();
        listen(path);
        shouldServe(path);
    }

    @Test
    void shouldRefuseALiveSocketAndLeaveItAlone() throws Exception {
        Path path = directory.resolve("live");
        try (TestServer first = new TestServer(new EchoDevice(1), engine)) {
            first.server().listen(path);
            shouldRefuse(path, "in use by another process");
            shouldServe(path);
        }
    }

    /** Nobody accepts, and no connection fits into the backlog any more. */
    @Test
    void shouldRefuseALiveSocketThatIsBusy() throws Exception {
        Path path = directory.resolve("busy");
        try (UnixSocket busy = UnixSocket.listen(path)) {
            List<UnixSocket> waiting = new ArrayList<>();
            try {
                while (true) {
                    waiting.add(UnixSocket.connect(path));
                }
            } catch (IOException backlogIsFull) {
                assertThat(waiting).isNotEmpty();
            }
            shouldRefuse(path, "in use by another process");
            assertThat(busy.isListening()).isTrue();
            waiting.forEach(UnixSocket::close);
        }
    }

    @Test
    void shouldRefuseARegularFileAndKeepIt() throws Exception {
        Path path = Files.writeString(directory.resolve("file"), "precious");
        shouldRefuse(path, "exists and is not a socket");
        assertThat(Files.readString(path, UTF_8)).isEqualTo("precious");
    }

    @Test
    void shouldRefuseADirectory() throws Exception {
        Path path = Files.createDirectory(directory.resolve("directory"));
        shouldRefuse(path, "exists and is not a socket");
        assertThat(path).isDirectory();
    }

    @Test
    void shouldRefuseASymbolicLinkToNothing() throws Exception {
        Path path = Files.createSymbolicLink(directory.resolve("link"), directory.resolve("nothing"));
        shouldRefuse(path, "exists and is not a socket");
        assertThat(Files.exists(path, LinkOption.NOFOLLOW_LINKS)).isTrue();
    }

    @Test
    void shouldRefuseADirectoryThatDoesNotExist() {
        shouldRefuse(directory.resolve("missing/socket"), "No such file or directory");
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    @Test
    void shouldListenForItsOwnerAlone() throws Exception {
        Path path = directory.resolve("socket");
        listen(path);
        assertThat(mode(path)).isEqualTo("rw-------");
        shouldServe(path);
    }

    @Test
    void shouldListenForAGroupWhenAsked() throws Exception {
        Path path = directory.resolve("socket");
        String group = Files.readAttributes(directory, PosixFileAttributes.class)
                .group()
                .getName();
        server = new TestServer(new EchoDevice(1), engine);
        server.server().access(new SocketAccess(group, Set.of()));
        server.server().listen(path);
        assertThat(mode(path)).isEqualTo("rw-rw----");
        shouldServe(path);
    }

    @Test
    void shouldLeaveNoSocketThatTheWrongPeopleCouldUse() throws Exception {
        Path path = directory.resolve("socket");
        server = new TestServer(new EchoDevice(1), engine);
        server.server().access(new SocketAccess("no-such-group", Set.of()));
        assertThatThrownBy(() -> server.server().listen(path))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no-such-group");
        assertThat(path).doesNotExist();
        server.server().access(SocketAccess.OWNER);
        shouldServeElsewhere();
    }

    @Test
    void shouldServeOnlyWhoIsAllowed() throws Exception {
        Path path = directory.resolve("socket");
        int uid = (Integer) Files.getAttribute(directory, "unix:uid");
        server = new TestServer(new EchoDevice(1), engine);
        server.server().access(new SocketAccess(null, Set.of(uid + 1)));
        server.server().listen(path);
        for (int i = 0; i < 2; i++) {
            try (FakeFrontEnd other = FakeFrontEnd.connect(path)) {
                other.awaitClosed();
            }
        }
        server.server().access(new SocketAccess(null, Set.of(uid + 1, uid)));
        shouldServe(path);
    }

    /** Whoever has connected by then is served, and nobody comes any more. */
    @Test
    void shouldServeWhoConnectedBeforeItsSocketWasDeleted() throws Exception {
        Path path = directory.resolve("socket");
        listen(path);
        FakeFrontEnd served = FakeFrontEnd.connect(path).negotiate();
        try (FakeFrontEnd waiting = FakeFrontEnd.connect(path)) {
            Files.delete(path);
            EchoServed.shouldEcho(served);
            served.close();
            EchoServed.shouldEcho(waiting.negotiate());
        }
        server.close();
        server = null;
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void shouldListenWhereverItsSocketIsMoved() throws Exception {
        Path path = directory.resolve("socket");
        listen(path);
        shouldServe(Files.move(path, directory.resolve("moved")));
    }

    @Test
    void shouldLeaveASocketAloneThatHasTakenThePlaceOfItsOwn() throws Exception {
        Path path = directory.resolve("socket");
        listen(path);
        Files.delete(path);
        try (TestServer other = new TestServer(new EchoDevice(1), engine)) {
            other.server().listen(path);
            server.close();
            server = null;
            shouldServe(path);
        }
        assertThat(path).doesNotExist();
    }

    @Test
    void shouldLeaveAFileAloneThatHasTakenThePlaceOfItsSocket() throws Exception {
        Path path = directory.resolve("socket");
        listen(path);
        Files.delete(path);
        Files.writeString(path, "precious");
        server.close();
        server = null;
        assertThat(path).hasContent("precious");
    }

    /** A link to the socket itself is not the socket. */
    @Test
    void shouldLeaveALinkAloneThatHasTakenThePlaceOfItsSocket() throws Exception {
        Path path = directory.resolve("socket");
        listen(path);
        Path moved = Files.move(path, directory.resolve("moved"));
        Files.createSymbolicLink(path, moved);
        shouldServe(path);
        server.close();
        server = null;
        assertThat(path).isSymbolicLink();
    }
}
