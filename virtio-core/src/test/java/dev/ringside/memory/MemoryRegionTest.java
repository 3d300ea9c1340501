package dev.ringside.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ringside.fault.MessageFault;
import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import dev.ringside.linux.HugePages;
import dev.ringside.linux.MemFd;
import dev.ringside.linux.Pipe;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.ProcSelf;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files that become memory, and those that cannot. */
class MemoryRegionTest {
    private static final long GIB = 1L << 30;

    @TempDir
    Path directory;

    private ProcSelf before;

    @BeforeEach
    void count() {
        before = ProcSelf.now();
    }

    @AfterEach
    void shouldLeaveNothingBehind() {
        assertThat(ProcSelf.now()).isEqualTo(before);
    }

    private static Fd memfd(long size) throws Exception {
        return MemFd.create(FakeMemory.NAME, size);
    }

    private static void shouldRefuse(Fd fd, long guest, long user, long size, long offset) {
        assertThatThrownBy(() -> MemoryRegion.map(fd, guest, user, size, offset))
                .isInstanceOf(MessageFault.class)
                .hasMessageContaining("memory region");
    }

    @Test
    void shouldShareItsBytesWithTheFile() throws Exception {
        try (Fd fd = memfd(8192);
                MemoryRegion one = MemoryRegion.map(fd, 0, 0, 8192, 0);
                MemoryRegion other = MemoryRegion.map(fd, GIB, GIB, 8192, 0)) {
            one.memory().set(ValueLayout.JAVA_BYTE, 8191, (byte) 7);
            assertThat(other.memory().get(ValueLayout.JAVA_BYTE, 8191)).isEqualTo((byte) 7);
        }
    }

    @ParameterizedTest
    @CsvSource({"4096, 4096", "4096, 1", "1, 4096", "0x200000, 4096", "0x1234, 0x4321", "16, 16"})
    void shouldBeginAtItsOffsetInTheFile(String offset, String size) throws Exception {
        long at = Long.decode(offset);
        long bytes = Long.decode(size);
        try (Fd fd = memfd(at + bytes);
                MemoryRegion whole = MemoryRegion.map(fd, 0, 0, at + bytes, 0);
                MemoryRegion part = MemoryRegion.map(fd, GIB, GIB, bytes, at)) {
            assertThat(part.size()).isEqualTo(bytes);
            whole.memory().set(ValueLayout.JAVA_BYTE, at, (byte) 1);
            whole.memory().set(ValueLayout.JAVA_BYTE, at + bytes - 1, (byte) 2);
            assertThat(part.memory().get(ValueLayout.JAVA_BYTE, bytes - 1)).isEqualTo((byte) 2);
            assertThat(part.memory().get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) (bytes == 1 ? 2 : 1));
        }
    }

    @Test
    void shouldReachAllOfMoreThan2GiB() throws Exception {
        try (Fd fd = memfd(5 * GIB);
                MemoryRegion region = MemoryRegion.map(fd, 6 * GIB, 7 * GIB, 5 * GIB, 0)) {
            MemorySegment memory = region.memory();
            memory.set(ValueLayout.JAVA_LONG, 5 * GIB - 8, 42);
            assertThat(memory.get(ValueLayout.JAVA_LONG, 5 * GIB - 8)).isEqualTo(42);
            assertThat(region.guestAddress()).isEqualTo(6 * GIB);
            assertThat(region.userAddress()).isEqualTo(7 * GIB);
            assertThatThrownBy(() -> memory.get(ValueLayout.JAVA_BYTE, 5 * GIB))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    /** A mapping of huge pages begins and ends with one, wherever the region does; and it can be undone. */
    @Test
    void shouldShareHugePages() throws Exception {
        int pages = 4;
        assumeTrue(HugePages.free() >= pages, "the host has no huge pages to spare");
        long page = HugePages.size();
        try (Fd fd = HugePages.create(FakeMemory.NAME, pages);
                MemoryRegion whole = MemoryRegion.map(fd, 0, 0, pages * page, 0);
                MemoryRegion inner = MemoryRegion.map(fd, GIB, GIB, page, page);
                MemoryRegion odd = MemoryRegion.map(fd, 2 * GIB, 2 * GIB, page + 1, page - 4096)) {
            whole.memory().set(ValueLayout.JAVA_BYTE, page, (byte) 7);
            assertThat(inner.memory().get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 7);
            assertThat(odd.memory().get(ValueLayout.JAVA_BYTE, 4096)).isEqualTo((byte) 7);
            assertThat(odd.size()).isEqualTo(page + 1);
        }
    }

    @Test
    void shouldOutliveItsDescriptor() throws Exception {
        Fd fd = memfd(4096);
        try (MemoryRegion region = MemoryRegion.map(fd, 0, 0, 4096, 0)) {
            fd.close();
            region.memory().set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
        }
    }

    @Test
    void shouldNotBeUsedAfterItIsClosed() throws Exception {
        try (Fd fd = memfd(4096)) {
            MemoryRegion region = MemoryRegion.map(fd, 0, 0, 4096, 0);
            region.close();
            assertThatThrownBy(() -> region.memory().get(ValueLayout.JAVA_BYTE, 0))
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, 0, 0",
        "0, 0, -1, 0",
        "0, 0, -9223372036854775808, 0",
        "0, 0, 9223372036854775807, 0",
        "0, 0, 9223372036854775807, 1",
        "0, 0, 4096, -1",
        "0, 0, 4096, 9223372036854775807",
        "0, 0, 4096, 9223372036854771712",
        "-1, 0, 4096, 0",
        "9223372036854775807, 0, 4096, 0",
        "-9223372036854775808, 0, 4096, 0",
        "0, -1, 4096, 0",
        "0, 9223372036854775807, 4096, 0",
    })
    void shouldRefuseNumbersThatOverflow(long guest, long user, long size, long offset) throws Exception {
        try (Fd fd = memfd(4096)) {
            shouldRefuse(fd, guest, user, size, offset);
        }
    }

    @Test
    void shouldRefuseAFileThatIsTooShortAndNotGrowIt() throws Exception {
        try (Fd fd = memfd(4096)) {
            shouldRefuse(fd, 0, 0, 4097, 0);
            shouldRefuse(fd, 0, 0, 4096, 1);
            shouldRefuse(fd, 0, 0, 1, 4096);
            shouldRefuse(fd, 0, 0, 1L << 46, 0);
            assertThat(HostFile.size(fd)).isEqualTo(4096);
        }
    }

    @Test
    void shouldRefuseWhatCannotBeMapped() throws Exception {
        Path file = Files.write(directory.resolve("file"), new byte[4096]);
        try (Fd readOnly = HostFile.open(file, HostFile.O_RDONLY);
                Fd writeOnly = HostFile.open(file, 1 /* O_WRONLY */);
                Fd aDirectory = HostFile.open(directory, HostFile.O_RDONLY);
                Fd zero = HostFile.open(Path.of("/dev/zero"), HostFile.O_RDWR);
                Pipe pipe = Pipe.create()) {
            for (Fd fd : new Fd[] {readOnly, writeOnly, aDirectory, zero, pipe.readEnd(), pipe.writeEnd()}) {
                shouldRefuse(fd, 0, 0, 4096, 0);
            }
        }
    }
}
