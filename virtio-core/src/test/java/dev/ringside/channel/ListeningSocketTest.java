package dev.ringside.channel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import dev.ringside.linux.UnixSocket;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What programs do to each other that open one path; {@code SocketPathTest} has what one finds there. */
class ListeningSocketTest {
    private static final int ROUNDS = 200;
    private static final int PROGRAMS = 4;

    @TempDir
    Path directory;

    @Test
    void shouldBeOnesAloneOfManyThatFindAStaleSocketAtOnce() throws Exception {
        try (ExecutorService programs = Executors.newFixedThreadPool(PROGRAMS)) {
            for (int round = 0; round < ROUNDS; round++) {
                Path path = directory.resolve("socket" + round);
                UnixSocket.listen(path).close();
                CyclicBarrier start = new CyclicBarrier(PROGRAMS);
                Callable<@Nullable UnixSocket> program = () -> {
                    start.await();
                    return openIfFree(path);
                };
                List<UnixSocket> open = programs.invokeAll(List.of(program, program, program, program)).stream()
                        .map(Future::resultNow)
                        .filter(Objects::nonNull)
                        .toList();
                assertThat(open).hasSize(1);
                UnixSocket.connect(path).close();
                open.forEach(UnixSocket::close);
            }
        }
    }

    private static @Nullable UnixSocket openIfFree(Path path) {
        try {
            return ListeningSocket.open(path);
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("in use by another process");
            return null;
        }
    }

    @Test
    void shouldNotWaitForeverForADirectoryThatSomebodyLocks() throws Exception {
        Path path = directory.resolve("socket");
        try (Fd locked = HostFile.open(directory, HostFile.O_RDONLY)) {
            assertThat(HostFile.tryLock(locked)).isTrue();
            try (UnixSocket socket = ListeningSocket.open(path)) {
                assertThat(socket.isListening()).isTrue();
            }
        }
    }
}
