package dev.ringside.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ringside.testing.ProcSelf;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Owned descriptors, and the kinds of file that they are used for. */
class DescriptorsTest {
    @TempDir
    Path directory;

    private ProcSelf before;

    @BeforeEach
    void count() {
        before = ProcSelf.now();
    }

    @AfterEach
    void shouldLeaveNothingOpen() {
        assertThat(ProcSelf.now()).isEqualTo(before);
    }

    @Test
    void shouldCloseOnceHoweverOftenItIsAsked() throws Exception {
        Fd fd = EventFd.create();
        int number = fd.value();
        fd.close();
        try (Fd next = EventFd.create()) {
            assertThat(next.value()).as("the number is free").isEqualTo(number);
            fd.close();
            assertThat(Poll.readable(next, Duration.ZERO)).as("still open").isFalse();
        }
    }

    @Test
    void shouldNotBeUsedAfterItIsClosed() throws Exception {
        Fd fd = EventFd.create();
        assertThat(fd.isOpen()).isTrue();
        fd.close();
        assertThat(fd.isOpen()).isFalse();
        assertThat(fd).hasToString("fd(closed)");
        assertThatThrownBy(fd::value).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(fd::release).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(fd::duplicate).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldGiveItsNumberAway() throws Exception {
        Fd fd = EventFd.create();
        int number = fd.release();
        assertThat(fd.isOpen()).isFalse();
        fd.close();
        try (Fd owner = new Fd(number)) {
            EventFd.signal(owner);
            assertThat(Poll.takeCount(owner)).isPositive();
        }
    }

    @Test
    void shouldDuplicateWithAnOwnerOfItsOwn() throws Exception {
        Fd fd = EventFd.create();
        try (Fd copy = fd.duplicate()) {
            assertThat(copy.value()).isNotEqualTo(fd.value());
            EventFd.signal(fd);
            fd.close();
            assertThat(Poll.takeCount(copy)).isPositive();
        }
    }

    @Test
    void shouldRefuseANegativeNumber() {
        assertThatThrownBy(() -> new Fd(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldNameCallObjectAndReasonOfAFailure() {
        Path missing = directory.resolve("missing");
        LinuxException e = catchThrowableOfType(LinuxException.class, () -> HostFile.open(missing, HostFile.O_RDONLY));
        assertThat(e.errno()).isEqualTo(Errno.ENOENT);
        assertThat(e).hasMessage("open " + missing + ": No such file or directory");
    }

    @Test
    void shouldCountSignals() throws Exception {
        try (Fd eventFd = EventFd.create()) {
            assertThat(Poll.takeCount(eventFd)).isZero();
            EventFd.signal(eventFd);
            EventFd.signal(eventFd);
            assertThat(Poll.takeCount(eventFd)).isEqualTo(2);
            assertThat(Poll.takeCount(eventFd)).isZero();
            EventFd.signal(eventFd);
            EventFd.drain(eventFd);
            EventFd.drain(eventFd);
            assertThat(Poll.takeCount(eventFd)).isZero();
        }
    }

    @Test
    void shouldTellAnEventFdFromOtherFiles() throws Exception {
        try (Fd eventFd = EventFd.create();
                Fd memfd = MemFd.create("not-an-eventfd", 1);
                Pipe pipe = Pipe.create()) {
            assertThat(EventFd.isEventFd(eventFd)).isTrue();
            assertThat(EventFd.isEventFd(memfd)).isFalse();
            assertThat(EventFd.isEventFd(pipe.readEnd())).isFalse();
        }
    }

    @Test
    void shouldNotBlockInAFullPipe() throws Exception {
        try (Pipe pipe = Pipe.create()) {
            NonBlocking.set(pipe.writeEnd());
            for (int i = 0; i < 65536 / 8 + 10; i++) {
                EventFd.signal(pipe.writeEnd());
            }
            assertThat(Poll.readable(pipe.readEnd(), Duration.ZERO)).isTrue();
        }
    }

    @Test
    void shouldMakeAMemfdOfZeroes() throws Exception {
        try (Fd memfd = MemFd.create("zeroes", 5L << 30);
                Arena arena = Arena.ofConfined()) {
            assertThat(HostFile.size(memfd)).isEqualTo(5L << 30);
            MemorySegment buffer = arena.allocateFrom(ValueLayout.JAVA_LONG, -1);
            MemorySegment iovec = arena.allocateFrom(ValueLayout.JAVA_LONG, buffer.address(), 8);
            assertThat(HostFile.preadv(memfd.value(), iovec.address(), 1, (5L << 30) - 4))
                    .isEqualTo(4);
            assertThat(buffer.get(ValueLayout.JAVA_INT, 0)).isZero();
            assertThat(HostFile.preadv(memfd.value(), iovec.address(), 1, 5L << 30))
                    .as("at the end")
                    .isZero();
        }
    }

    @Test
    void shouldReturnNegativeErrnos() throws Exception {
        try (Pipe pipe = Pipe.create()) {
            assertThat(HostFile.preadv(pipe.readEnd().value(), 0, 0, 0)).isEqualTo(-29); // ESPIPE
            assertThat(HostFile.fdatasync(pipe.readEnd().value())).isEqualTo(-Errno.EINVAL);
            assertThat(HostFile.preadv(12_345, 0, 0, 0)).isEqualTo(-Errno.EBADF);
        }
    }

    @Test
    void shouldCutAndGrowAFile() throws Exception {
        Path path = Files.write(directory.resolve("file"), new byte[1000]);
        try (Fd fd = HostFile.open(path, HostFile.O_RDWR)) {
            assertThat(HostFile.size(fd)).isEqualTo(1000);
            HostFile.truncate(fd, 10);
            assertThat(HostFile.size(fd)).isEqualTo(10);
            HostFile.truncate(fd, 5000);
            assertThat(Files.size(path)).isEqualTo(5000);
        }
    }

    @Test
    void shouldShareALockBetweenOpenFilesAndSeeIt() throws Exception {
        Path path = Files.write(directory.resolve("file"), new byte[1]);
        try (Fd first = HostFile.open(path, HostFile.O_RDWR);
                Fd second = HostFile.open(path, HostFile.O_RDWR)) {
            assertThat(OfdLock.heldByAnother(second, 100)).isFalse();
            assertThat(OfdLock.share(first, 100)).isTrue();
            assertThat(OfdLock.heldByAnother(second, 100)).isTrue();
            assertThat(OfdLock.heldByAnother(second, 101)).as("one byte only").isFalse();
            assertThat(OfdLock.heldByAnother(first, 100)).as("its own").isFalse();
            assertThat(OfdLock.share(second, 100)).isTrue();
            assertThat(OfdLock.share(second, 100)).as("again").isTrue();
        }
    }

    @Test
    void shouldHoldALockUntilTheLastDuplicateIsClosed() throws Exception {
        Path path = Files.write(directory.resolve("file"), new byte[1]);
        Fd first = HostFile.open(path, HostFile.O_RDWR);
        Fd copy = first.duplicate();
        try (Fd second = HostFile.open(path, HostFile.O_RDWR)) {
            OfdLock.share(first, 100);
            first.close();
            assertThat(OfdLock.heldByAnother(second, 100)).isTrue();
            copy.close();
            assertThat(OfdLock.heldByAnother(second, 100)).isFalse();
        }
    }

    /** Unlike the older locks of a process, which go when any of its descriptors of the file is closed. */
    @Test
    void shouldKeepALockWhenAnotherDescriptorOfTheFileIsClosed() throws Exception {
        Path path = Files.write(directory.resolve("file"), new byte[1]);
        try (Fd first = HostFile.open(path, HostFile.O_RDWR);
                Fd watcher = HostFile.open(path, HostFile.O_RDWR)) {
            OfdLock.share(first, 100);
            HostFile.open(path, HostFile.O_RDWR).close();
            assertThat(OfdLock.heldByAnother(watcher, 100)).isTrue();
        }
    }
}
