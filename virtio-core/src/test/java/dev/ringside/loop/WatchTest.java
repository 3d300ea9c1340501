package dev.ringside.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.Poll;
import dev.ringside.linux.UnixSocket;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.LogWatch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Descriptors that become ready, and eventfds that are signalled. */
class WatchTest extends OnLoop {
    private final Semaphore ready = new Semaphore(0);

    private Watch watch(Fd fd, Interest interest) throws Exception {
        return onLoop(() -> loop.watch(fd, interest, ready::release));
    }

    private void awaitReady() throws InterruptedException {
        assertThat(ready.tryAcquire(FakeFrontEnd.DEADLINE.toMillis(), TimeUnit.MILLISECONDS))
                .as("told that it is ready")
                .isTrue();
        ready.drainPermits();
    }

    /** Ends a watch, and waits until the descriptor may be closed. */
    private void close(Watch watch) throws Exception {
        CompletableFuture<String> released = new CompletableFuture<>();
        run(() -> watch.close(() -> released.complete("released")));
        assertThat(get(released)).isEqualTo("released");
    }

    @Test
    void shouldTellOfADescriptorThatIsReadyAtTheBeginning() throws Exception {
        try (Fd fd = EventFd.create()) {
            EventFd.signal(fd);
            Watch watch = watch(fd, Interest.READ);
            awaitReady();
            close(watch);
        }
    }

    @Test
    void shouldTellOfEverySignalThoughNobodyReadsTheCounter() throws Exception {
        try (Fd fd = EventFd.create()) {
            Watch watch = watch(fd, Interest.READ);
            for (int i = 0; i < 1000; i++) {
                EventFd.signal(fd);
                awaitReady();
            }
            close(watch);
            assertThat(Poll.takeCount(fd)).isEqualTo(1000);
        }
    }

    @Test
    void shouldTellNothingMoreWhenItIsClosed() throws Exception {
        try (Fd fd = EventFd.create()) {
            Watch watch = watch(fd, Interest.READ);
            EventFd.signal(fd);
            awaitReady();
            close(watch);
            EventFd.signal(fd);
            run(() -> {});
            run(() -> {});
            assertThat(ready.availablePermits()).isZero();
        }
    }

    /** The number of a closed descriptor is that of the next one opened. */
    @Test
    void shouldNotConfuseDescriptorsThatHadTheSameNumber() throws Exception {
        for (int i = 0; i < 200; i++) {
            Fd fd = EventFd.create();
            EventFd.signal(fd);
            Watch watch = watch(fd, Interest.READ);
            awaitReady();
            close(watch);
            fd.close();
        }
        assertThat(ready.availablePermits()).isZero();
    }

    @Test
    void shouldWatchManyDescriptorsAtOnce() throws Exception {
        Fd[] fds = new Fd[500];
        Watch[] watches = new Watch[fds.length];
        Semaphore[] told = new Semaphore[fds.length];
        for (int i = 0; i < fds.length; i++) {
            Semaphore mine = new Semaphore(0);
            Fd fd = EventFd.create();
            told[i] = mine;
            fds[i] = fd;
            watches[i] = onLoop(() -> loop.watch(fd, Interest.READ, mine::release));
        }
        for (Fd fd : fds) {
            EventFd.signal(fd);
        }
        for (int i = 0; i < fds.length; i++) {
            assertThat(told[i].tryAcquire(FakeFrontEnd.DEADLINE.toMillis(), TimeUnit.MILLISECONDS))
                    .isTrue();
            close(watches[i]);
            fds[i].close();
        }
    }

    @Test
    void shouldBeClosedFromWithinItself() throws Exception {
        try (Fd fd = EventFd.create()) {
            CompletableFuture<String> released = new CompletableFuture<>();
            Watch[] watch = new Watch[1];
            run(() -> watch[0] =
                    loop.watch(fd, Interest.READ, () -> watch[0].close(() -> released.complete("released"))));
            EventFd.signal(fd);
            assertThat(get(released)).isEqualTo("released");
        }
    }

    @Test
    void shouldGoOnAfterAFailure() throws Exception {
        try (Fd fd = EventFd.create();
                LogWatch log = new LogWatch()) {
            Watch watch = onLoop(() -> loop.watch(fd, Interest.READ, () -> {
                ready.release();
                throw new IllegalStateException("a watcher with a bug");
            }));
            EventFd.signal(fd);
            awaitReady();
            EventFd.signal(fd);
            awaitReady();
            close(watch);
            assertThat(log.errors()).isNotEmpty();
        }
    }

    @Test
    void shouldTellOfBytesOfRoomAndOfTheEnd() throws Exception {
        UnixSocket[] pair = UnixSocket.pair();
        UnixSocket far = pair[1];
        try (UnixSocket near = pair[0];
                Arena arena = Arena.ofConfined()) {
            MemorySegment much = arena.allocate(1 << 20);
            while (near.send(much, List.of()) != UnixSocket.WOULD_BLOCK) {
                // Until there is no room.
            }
            Watch watch = watch(near.fd(), Interest.READ_WRITE);
            run(() -> {});
            ready.drainPermits();

            while (far.receive(much, List.of()) > 0) {
                // Until it is empty.
            }
            awaitReady();

            far.send(much.asSlice(0, 1), List.of());
            awaitReady();

            far.close();
            awaitReady();
            close(watch);
        }
    }

    @Test
    void shouldTellOfRoomOnlyWhenAskedTo() throws Exception {
        UnixSocket[] pair = UnixSocket.pair();
        try (UnixSocket near = pair[0];
                UnixSocket far = pair[1];
                Arena arena = Arena.ofConfined()) {
            MemorySegment much = arena.allocate(1 << 20);
            Watch watch = watch(near.fd(), Interest.READ);
            for (int i = 0; i < 3; i++) {
                fill(near, much);
                empty(far, much);
                run(() -> {});
                run(() -> {});
                assertThat(ready.availablePermits()).as("nobody asked").isZero();

                fill(near, much);
                run(watch::awaitRoom);
                run(watch::awaitRoom);
                run(() -> {});
                assertThat(ready.availablePermits()).as("no room yet").isZero();
                empty(far, much);
                awaitReady();
                run(() -> {});
                ready.drainPermits();
            }
            close(watch);
        }
    }

    @Test
    void shouldForgetThatItAwaitsRoom() throws Exception {
        UnixSocket[] pair = UnixSocket.pair();
        try (UnixSocket near = pair[0];
                UnixSocket far = pair[1];
                Arena arena = Arena.ofConfined()) {
            MemorySegment much = arena.allocate(1 << 20);
            Watch watch = watch(near.fd(), Interest.READ);
            fill(near, much);
            run(watch::awaitRoom);
            close(watch);
            empty(far, much);
            run(() -> {});
            assertThat(ready.availablePermits()).isZero();
        }
    }

    @Test
    void shouldKnowWhenTheOtherSideHasHungUp() throws Exception {
        UnixSocket[] pair = UnixSocket.pair();
        UnixSocket far = pair[1];
        try (UnixSocket near = pair[0];
                Arena arena = Arena.ofConfined()) {
            Watch watch = watch(near.fd(), Interest.READ);
            far.send(arena.allocate(1), List.of());
            awaitReady();
            assertThat(onLoop(watch::hasHungUp)).isFalse();
            far.close();
            awaitReady();
            assertThat(onLoop(watch::hasHungUp)).isTrue();
            close(watch);
        }
    }

    private static void fill(UnixSocket socket, MemorySegment data) throws Exception {
        while (socket.send(data, List.of()) != UnixSocket.WOULD_BLOCK) {
            // Until there is no room.
        }
    }

    private static void empty(UnixSocket socket, MemorySegment buffer) throws Exception {
        while (socket.receive(buffer, List.of()) > 0) {
            // Until it is empty.
        }
    }

    @Test
    void shouldSignalTheOtherSide() throws Exception {
        try (Fd fd = EventFd.create()) {
            Notifier notifier = onLoop(() -> loop.notifier(fd));
            for (int i = 0; i < 100; i++) {
                run(notifier::signal);
                assertThat(Poll.readable(fd, FakeFrontEnd.DEADLINE)).isTrue();
                assertThat(Poll.takeCount(fd)).isPositive();
            }
            closeNotifier(notifier);
        }
    }

    @Test
    void shouldNotWaitForACounterThatIsFull() throws Exception {
        try (Fd fd = EventFd.create()) {
            Poll.addCount(fd, -2); // 0xfffffffffffffffe, the most that it holds
            Notifier notifier = onLoop(() -> loop.notifier(fd));
            run(notifier::signal);
            run(notifier::signal);
            assertThat(onLoop(() -> 1)).as("the loop goes on").isEqualTo(1);
            closeNotifier(notifier);
        }
    }

    private void closeNotifier(Notifier notifier) throws Exception {
        CompletableFuture<String> released = new CompletableFuture<>();
        run(() -> notifier.close(() -> released.complete("released")));
        assertThat(get(released)).isEqualTo("released");
    }
}
