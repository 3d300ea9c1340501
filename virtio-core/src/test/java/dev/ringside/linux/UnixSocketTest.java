package dev.ringside.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ringside.testing.ProcSelf;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes and descriptors over AF_UNIX, and that every descriptor finds an owner on every path. */
class UnixSocketTest {
    private static final int F_GETFD = 1;
    private static final int FD_CLOEXEC = 1;

    private final Arena arena = Arena.ofConfined();
    private final List<Fd> received = new ArrayList<>();
    private ProcSelf before;
    private UnixSocket left;
    private UnixSocket right;

    @BeforeEach
    void connect() throws LinuxException {
        before = ProcSelf.now();
        UnixSocket[] pair = UnixSocket.pair();
        left = pair[0];
        right = pair[1];
    }

    @AfterEach
    void shouldLeaveNothingOpen() {
        received.forEach(Fd::close);
        left.close();
        right.close();
        arena.close();
        assertThat(ProcSelf.now()).isEqualTo(before);
    }

    private MemorySegment bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
    }

    private byte[] receive(int most) throws LinuxException {
        MemorySegment buffer = arena.allocate(most);
        int count = right.receive(buffer, received);
        return buffer.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
    }

    @Test
    void shouldCarryBytes() throws Exception {
        assertThat(left.send(bytes(1, 2, 3), List.of())).isEqualTo(3);
        assertThat(receive(10)).containsExactly(1, 2, 3);
        assertThat(received).isEmpty();
    }

    @Test
    void shouldSayWhenThereIsNothingYetAndWhenThereIsNothingMore() throws Exception {
        assertThat(right.receive(arena.allocate(1), received)).isEqualTo(UnixSocket.WOULD_BLOCK);
        left.close();
        assertThat(right.receive(arena.allocate(1), received)).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8, 253})
    void shouldCarryDescriptorsInTheirOrder(int count) throws Exception {
        List<Fd> sent = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Fd fd = EventFd.create();
            sent.add(fd);
            EventFd.signal(fd);
        }
        left.send(bytes(7), sent);
        assertThat(receive(1)).containsExactly(7);
        assertThat(received).hasSize(count);
        for (int i = 0; i < count; i++) {
            assertThat(received.get(i).value()).isNotEqualTo(sent.get(i).value());
            assertThat(Poll.takeCount(sent.get(i))).isPositive();
            assertThat(Poll.takeCount(received.get(i))).as("the same counter").isZero();
            EventFd.signal(sent.get(i));
            assertThat(Poll.takeCount(received.get(i))).isPositive();
        }
        sent.forEach(Fd::close);
    }

    @Test
    void shouldReceiveDescriptorsThatNoChildInherits() throws Exception {
        left.send(bytes(1), List.of(left.fd()));
        receive(1);
        assertThat(Libc.fcntl(received.get(0).value(), F_GETFD, 0) & FD_CLOEXEC).isNotZero();
        for (UnixSocket socket : new UnixSocket[] {left, right}) {
            assertThat(Libc.fcntl(socket.fd().value(), F_GETFD, 0) & FD_CLOEXEC).isNotZero();
        }
    }

    /** A descriptor comes with whichever read first touches the bytes that it was sent with. */
    @Test
    void shouldDeliverDescriptorsWithTheirFirstByte() throws Exception {
        left.send(bytes(1, 2), List.of());
        left.send(bytes(3, 4), List.of(left.fd()));
        assertThat(receive(2)).containsExactly(1, 2);
        assertThat(received).isEmpty();
        assertThat(receive(1)).containsExactly(3);
        assertThat(received).hasSize(1);
        assertThat(receive(1)).containsExactly(4);
        assertThat(received).hasSize(1);
    }

    @Test
    void shouldNotSendMoreDescriptorsThanTheKernelTakes() throws Exception {
        Fd[] many = new Fd[254];
        Arrays.fill(many, left.fd());
        assertThatThrownBy(() -> left.send(bytes(1), List.of(many))).isInstanceOf(Exception.class);
        left.send(bytes(2), List.of(left.fd()));
        assertThat(receive(1)).containsExactly(2);
        assertThat(received).hasSize(1);
    }

    @Test
    void shouldFailWhenTheProcessHasNoDescriptorsLeft() throws Exception {
        List<Fd> three = List.of(left.fd(), left.fd(), left.fd());
        left.send(bytes(1), three);
        receive(1);
        assertThat(received).hasSize(3);
        MemorySegment buffer = arena.allocate(1);
        List<Fd> cut = new ArrayList<>();
        LinuxException failure = new LinuxException("so that the class is loaded", Errno.EBADF);
        boolean failed = false;
        left.send(bytes(2), three);
        try (FewFdsLeft onlyTwo = new FewFdsLeft(2)) {
            assertThat(onlyTwo).isNotNull();
            right.receive(buffer, cut);
        } catch (LinuxException e) {
            failed = true;
            failure = e;
        }
        assertThat(failed).isTrue();
        assertThat(failure).hasMessageContaining("descriptors were cut off");
        assertThat(cut).as("what came nevertheless belongs to the caller").hasSizeLessThan(3);
        cut.forEach(Fd::close);
        left.send(bytes(3), three);
        assertThat(receive(1)).containsExactly(3);
    }

    @Test
    void shouldSendAsMuchAsThereIsRoomForAndThenSaySo() throws Exception {
        MemorySegment much = arena.allocate(4 << 20);
        int sent = left.send(much, List.of(left.fd()));
        assertThat(sent).isBetween(1, 4 << 20);
        assertThat(left.send(much, List.of())).isEqualTo(UnixSocket.WOULD_BLOCK);
        receive(1);
        assertThat(received).hasSize(1);
    }

    @Test
    void shouldFailToSendToAPeerThatHasGone() throws Exception {
        right.close();
        LinuxException e = catchThrowableOfType(LinuxException.class, () -> left.send(bytes(1), List.of()));
        assertThat(e.errno()).isEqualTo(Errno.EPIPE);
        assertThat(e).hasMessageStartingWith("sendmsg: ");
    }

    @Test
    void shouldAcceptConnectionsAsTheyCome(@TempDir Path directory) throws Exception {
        Path path = directory.resolve("socket");
        try (UnixSocket listening = UnixSocket.listen(path)) {
            assertThat(listening.isListening()).isTrue();
            assertThat(listening.accept()).isNull();
            try (UnixSocket client = UnixSocket.connect(path);
                    UnixSocket connection = listening.accept()) {
                assertThat(connection).isNotNull();
                assertThat(connection.isListening()).isFalse();
                client.send(bytes(1), List.of());
                assertThat(connection.receive(arena.allocate(1), received)).isEqualTo(1);
            }
            assertThat(listening.accept()).isNull();
        }
    }

    @Test
    void shouldFailToListenWhereSomethingIsAlready(@TempDir Path directory) throws Exception {
        Path path = directory.resolve("socket");
        try (UnixSocket first = UnixSocket.listen(path)) {
            assertThat(first.isListening()).isTrue();
            LinuxException e = catchThrowableOfType(LinuxException.class, () -> UnixSocket.listen(path));
            assertThat(e.errno()).isEqualTo(Errno.EADDRINUSE);
            assertThat(e).hasMessageContaining("bind " + path);
        }
    }

    @Test
    void shouldFailToConnectWhereNobodyListens(@TempDir Path directory) throws Exception {
        Path path = directory.resolve("socket");
        assertThat(catchThrowableOfType(LinuxException.class, () -> UnixSocket.connect(path))
                        .errno())
                .isEqualTo(Errno.ENOENT);
        UnixSocket.listen(path).close();
        assertThat(catchThrowableOfType(LinuxException.class, () -> UnixSocket.connect(path))
                        .errno())
                .isEqualTo(Errno.ECONNREFUSED);
    }

    @Test
    void shouldRefuseToAdoptWhatIsNoSocketAndCloseIt() throws Exception {
        Fd eventFd = EventFd.create();
        LinuxException e = catchThrowableOfType(LinuxException.class, () -> UnixSocket.adopt(eventFd));
        assertThat(e.errno()).isEqualTo(Errno.ENOTSOCK);
        assertThat(eventFd.isOpen()).isFalse();
    }

    @Test
    void shouldNotBlockOnASocketThatIsAdopted() throws Exception {
        try (UnixSocket adopted = UnixSocket.adopt(right.fd().duplicate())) {
            assertThat(adopted.receive(arena.allocate(1), received)).isEqualTo(UnixSocket.WOULD_BLOCK);
        }
    }
}
