package dev.ringside.blk.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import dev.ringside.linux.OfdLock;
import dev.ringside.testing.ProcSelf;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Images that are none, and images that somebody else uses: one clear line each, and no descriptor left open. */
class FileStorageTest {
    private static final boolean READ_ONLY = true;
    private static final boolean WRITABLE = false;

    /** Where QEMU locks an image (block/file-posix.c): a permission in use, and one that others must not use. */
    private static final long USES = 100;

    private static final long FORBIDS = 200;
    private static final long CONSISTENT_READ = 0;
    private static final long WRITE = 1;
    private static final long RESIZE = 3;

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

    private Path file(int bytes) throws IOException {
        return Files.write(directory.resolve("disk.img"), new byte[bytes]);
    }

    private static FileStorage open(Path path, boolean readOnly) throws IOException {
        return FileStorage.open(path, readOnly, false);
    }

    private static void shouldRefuse(Path path, String why) {
        for (boolean readOnly : new boolean[] {READ_ONLY, WRITABLE}) {
            shouldRefuse(path, readOnly, why);
        }
    }

    private static void shouldRefuse(Path path, boolean readOnly, String why) {
        assertThatThrownBy(() -> open(path, readOnly))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(path.toString())
                .hasMessageContaining(why)
                .message()
                .hasLineCount(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {512, 1024, 4096, 512 * 1001})
    void shouldOpenAnImageOfWholeSectors(int bytes) throws Exception {
        try (FileStorage storage = open(file(bytes), WRITABLE)) {
            assertThat(storage.sectors()).isEqualTo(bytes / 512);
            assertThat(storage.isReadOnly()).isFalse();
            assertThat(storage.name()).isEqualTo("disk.img");
        }
    }

    @Test
    void shouldRefuseAMissingImage() {
        shouldRefuse(directory.resolve("missing"), "No such file or directory");
    }

    @Test
    void shouldRefuseADirectory() {
        shouldRefuse(directory, "is a directory");
    }

    @Test
    void shouldRefuseAnEmptyImage() throws Exception {
        shouldRefuse(file(0), "is empty");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 511, 513, 1023, 4097})
    void shouldRefuseASizeThatIsNoMultipleOf512(int bytes) throws Exception {
        shouldRefuse(file(bytes), bytes + " bytes, is no multiple of 512");
    }

    @Test
    void shouldRefuseAnImageThatMayNotBeRead() throws Exception {
        assumeTrue(!System.getProperty("user.name").equals("root"), "root may read anything");
        Path path = file(512);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("---------"));
        shouldRefuse(path, "Permission denied");
    }

    /** Even root may not write everything. */
    @Test
    void shouldRefuseAnImageThatMayNotBeWritten() {
        Path path = Path.of("/sys/kernel/uevent_seqnum");
        assumeTrue(Files.exists(path));
        assertThatThrownBy(() -> open(path, WRITABLE))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(path.toString())
                .hasMessageMatching(".*(Permission denied|Read-only file system)");
    }

    @Test
    void shouldRefuseADeviceThatIsNoDisk() {
        shouldRefuse(Path.of("/dev/null"), "");
    }

    @Test
    void shouldNotShareAnImageThatIsWritten() throws Exception {
        Path path = file(512);
        FileStorage first = open(path, WRITABLE);
        shouldRefuse(path, WRITABLE, "is in use by another process");
        shouldRefuse(path, READ_ONLY, "is in use by another process");
        first.close();
        open(path, WRITABLE).close();
    }

    @Test
    void shouldShareAnImageThatIsOnlyRead() throws Exception {
        Path path = file(512);
        try (FileStorage first = open(path, READ_ONLY);
                FileStorage second = open(path, READ_ONLY)) {
            assertThat(first.isReadOnly()).isTrue();
            assertThat(second.isReadOnly()).isTrue();
            shouldRefuse(path, WRITABLE, "is in use by another process");
        }
        open(path, WRITABLE).close();
    }

    /** Whoever was refused must not be in the way of the next. */
    @Test
    void shouldLeaveNoLockBehindARefusedOpen() throws Exception {
        Path path = file(512);
        try (FileStorage reader = open(path, READ_ONLY)) {
            shouldRefuse(path, WRITABLE, "is in use");
            open(path, READ_ONLY).close();
            assertThat(reader.sectors()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {USES + WRITE, USES + RESIZE, FORBIDS + CONSISTENT_READ})
    void shouldRefuseAnImageThatQemuWrites(long locked) throws Exception {
        Path path = file(512);
        try (Fd qemu = HostFile.open(path, HostFile.O_RDWR)) {
            assertThat(OfdLock.share(qemu, locked)).isTrue();
            shouldRefuse(path, "is in use by another process");
        }
        open(path, WRITABLE).close();
    }

    @Test
    void shouldReadButNotWriteAnImageThatQemuReads() throws Exception {
        Path path = file(512);
        try (Fd qemu = HostFile.open(path, HostFile.O_RDONLY)) {
            for (long locked : new long[] {USES + CONSISTENT_READ, FORBIDS + WRITE, FORBIDS + RESIZE}) {
                assertThat(OfdLock.share(qemu, locked)).isTrue();
            }
            open(path, READ_ONLY).close();
            shouldRefuse(path, WRITABLE, "is in use by another process");
        }
    }

    @Test
    void shouldShowItsUseToQemu() throws Exception {
        Path path = file(512);
        try (FileStorage writer = open(path, WRITABLE);
                Fd qemu = HostFile.open(path, HostFile.O_RDONLY)) {
            assertThat(writer.sectors()).isEqualTo(1);
            assertThat(OfdLock.heldByAnother(qemu, USES + WRITE)).isTrue();
            assertThat(OfdLock.heldByAnother(qemu, FORBIDS + WRITE)).isTrue();
            assertThat(OfdLock.heldByAnother(qemu, FORBIDS + RESIZE)).isTrue();
            assertThat(OfdLock.heldByAnother(qemu, FORBIDS + CONSISTENT_READ)).isFalse();
        }
    }

    @Test
    void shouldNoticeAnotherSize() throws Exception {
        Path path = file(1024);
        try (FileStorage storage = open(path, WRITABLE);
                Fd host = HostFile.open(path, HostFile.O_RDWR)) {
            assertThat(storage.refreshSize()).isFalse();
            HostFile.truncate(host, 4096);
            assertThat(storage.sectors()).isEqualTo(2);
            assertThat(storage.refreshSize()).isTrue();
            assertThat(storage.sectors()).isEqualTo(8);
            HostFile.truncate(host, 511);
            assertThat(storage.refreshSize()).isTrue();
            assertThat(storage.sectors()).isZero();
        }
    }
}
