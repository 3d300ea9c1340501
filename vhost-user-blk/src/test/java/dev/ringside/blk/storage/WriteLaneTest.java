package dev.ringside.blk.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.Errno;
import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Engine;
import dev.ringside.testing.EachEngine;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.ProcSelf;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;

/** Writes through another thread: each is done once, in order, and its result comes back to the loop. */
@EachEngine
class WriteLaneTest {
    private static final int SIZE = 256;

    private record Done(int slot, int result) {}

    @Parameter
    Engine engine;

    @TempDir
    Path directory;

    private final Arena arena = Arena.ofShared();
    private final LinkedBlockingQueue<Done> done = new LinkedBlockingQueue<>();
    private ProcSelf before;
    private DeviceLoop loop;
    private CacheWriter writer;

    @BeforeEach
    void start() {
        before = ProcSelf.now();
        loop = DeviceLoop.start("loop-under-test", engine);
        writer = new CacheWriter("writer-under-test");
    }

    @AfterEach
    void shouldLeaveNothingBehind() {
        writer.close();
        loop.close();
        arena.close();
        ProcSelf.awaitNoMoreThan(before);
    }

    private <T> T onLoop(Callable<T> task) throws Exception {
        return loop.call(task).get(FakeFrontEnd.DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
    }

    private WriteLane lane(Fd fd) throws Exception {
        return onLoop(
                () -> new WriteLane(loop, writer, fd.value(), (slot, result) -> done.add(new Done(slot, result))));
    }

    private void close(WriteLane lane) throws Exception {
        onLoop(() -> {
            lane.close();
            return null;
        });
    }

    /** A struct iovec over one long. */
    private long iovec(long value) {
        MemorySegment buffer = arena.allocateFrom(ValueLayout.JAVA_LONG, value);
        return arena.allocateFrom(ValueLayout.JAVA_LONG, buffer.address(), Long.BYTES)
                .address();
    }

    private List<Done> take(int count) throws InterruptedException {
        List<Done> taken = new ArrayList<>();
        while (taken.size() < count) {
            Done next = done.poll(FakeFrontEnd.DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
            assertThat(next).as("result %d of %d", taken.size(), count).isNotNull();
            taken.add(next);
        }
        return taken;
    }

    /** Several times around the ring, in turns of many sizes, the loop asleep between some of them. */
    @Test
    void shouldWriteAllInOrder() throws Exception {
        Path path = Files.createFile(directory.resolve("file"));
        try (Fd fd = HostFile.open(path, HostFile.O_RDWR)) {
            WriteLane lane = lane(fd);
            int next = 0;
            for (int turn = 1; turn <= 60; turn++) {
                int first = next;
                int count = turn;
                onLoop(() -> {
                    for (int i = first; i < first + count; i++) {
                        assertThat(lane.offer(i, iovec(i * 3L), 1, i * 8L)).isTrue();
                    }
                    return null;
                });
                next += count;
                List<Done> expected = new ArrayList<>();
                for (int i = first; i < next; i++) {
                    expected.add(new Done(i, Long.BYTES));
                }
                assertThat(take(count)).isEqualTo(expected);
            }
            close(lane);
            MemorySegment content = MemorySegment.ofArray(Files.readAllBytes(path));
            for (int i = 0; i < next; i++) {
                assertThat(content.get(ValueLayout.JAVA_LONG_UNALIGNED, i * 8L)).isEqualTo(i * 3L);
            }
        }
    }

    /** What does not fit is the caller's to do otherwise; there is room again when results have come back. */
    @Test
    void shouldRefuseWhatDoesNotFit() throws Exception {
        Path path = Files.createFile(directory.resolve("file"));
        try (Fd fd = HostFile.open(path, HostFile.O_RDWR)) {
            WriteLane lane = lane(fd);
            int accepted = onLoop(() -> {
                int offered = 0;
                while (lane.offer(offered, iovec(offered), 1, offered * 8L)) {
                    offered++;
                }
                return offered;
            });
            assertThat(accepted).isEqualTo(SIZE);
            take(SIZE);
            assertThat(onLoop(() -> lane.offer(7, iovec(1), 1, 0))).isTrue();
            assertThat(take(1)).containsExactly(new Done(7, Long.BYTES));
            close(lane);
        }
    }

    @Test
    void shouldTellErrors() throws Exception {
        try (Fd full = HostFile.open(Path.of("/dev/full"), HostFile.O_RDWR)) {
            WriteLane lane = lane(full);
            onLoop(() -> lane.offer(3, iovec(1), 1, 0));
            assertThat(take(1)).containsExactly(new Done(3, -Errno.ENOSPC));
            close(lane);
        }
    }

    /** GET_VRING_BASE_INFLIGHT: a queue that stops does not wait for what nobody has begun. */
    @Test
    void shouldNotBeginWhatIsCancelled() throws Exception {
        Path path = Files.createFile(directory.resolve("file"));
        try (Fd fd = HostFile.open(path, HostFile.O_RDWR)) {
            WriteLane lane = lane(fd);
            onLoop(() -> {
                lane.offer(1, iovec(1), 1, 0);
                lane.offer(2, iovec(2), 1, 8);
                // Nothing is handed over before this turn ends.
                lane.cancel();
                return null;
            });
            assertThat(take(2)).containsExactly(new Done(1, -Errno.ECANCELED), new Done(2, -Errno.ECANCELED));
            assertThat(path).isEmptyFile();
            close(lane);
        }
    }

    /** A guest's memory may vanish while it is written from. */
    @Test
    void shouldTellOfMemoryThatIsNotThere() throws Exception {
        Path path = Files.createFile(directory.resolve("file"));
        try (Fd fd = HostFile.open(path, HostFile.O_RDWR)) {
            WriteLane lane = lane(fd);
            long nowhere =
                    arena.allocateFrom(ValueLayout.JAVA_LONG, 4096, Long.BYTES).address();
            onLoop(() -> lane.offer(3, nowhere, 1, 0));
            assertThat(take(1)).containsExactly(new Done(3, -Errno.EFAULT));
            close(lane);
        }
    }

    @Test
    void shouldServeSeveralLanes() throws Exception {
        List<WriteLane> lanes = new ArrayList<>();
        List<Fd> files = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            files.add(HostFile.open(Files.createFile(directory.resolve("file" + i)), HostFile.O_RDWR));
            lanes.add(lane(files.get(i)));
        }
        onLoop(() -> {
            for (int i = 0; i < 3; i++) {
                lanes.get(i).offer(i, iovec(40 + i), 1, 0);
            }
            return null;
        });
        assertThat(take(3)).contains(new Done(0, 8), new Done(1, 8), new Done(2, 8));
        for (int i = 0; i < 3; i++) {
            close(lanes.get(i));
            files.get(i).close();
            assertThat(Files.readAllBytes(directory.resolve("file" + i))[0]).isEqualTo((byte) (40 + i));
        }
    }
}
