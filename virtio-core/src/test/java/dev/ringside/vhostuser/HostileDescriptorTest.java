package dev.ringside.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import dev.ringside.linux.Pipe;
import dev.ringside.linux.Seals;
import dev.ringside.linux.UnixSocket;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.Payload;
import dev.ringside.testing.VhostUser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a front-end may pass where memory or an eventfd belongs. It harms only itself, and leaves nothing behind. */
class HostileDescriptorTest extends EchoServed {
    private static final int O_WRONLY = 1;

    @TempDir
    Path directory;

    private void shouldRefuseAsMemory(Fd fd) {
        byte[] region = FakeFrontEnd.regions(memory);
        shouldRefuse(frontEnd -> {}, VhostUser.SET_MEM_TABLE, region, fd);
    }

    @Test
    void shouldRefuseADirectoryAsMemory() throws Exception {
        try (Fd fd = HostFile.open(directory, HostFile.O_RDONLY)) {
            shouldRefuseAsMemory(fd);
        }
    }

    @Test
    void shouldRefuseAPipeAsMemory() throws Exception {
        try (Pipe pipe = Pipe.create()) {
            shouldRefuseAsMemory(pipe.readEnd());
            shouldRefuseAsMemory(pipe.writeEnd());
        }
    }

    @Test
    void shouldRefuseASocketAndAnEventfdAsMemory() throws Exception {
        UnixSocket[] pair = UnixSocket.pair();
        try (UnixSocket one = pair[0];
                UnixSocket other = pair[1];
                Fd eventFd = EventFd.create()) {
            shouldRefuseAsMemory(one.fd());
            shouldRefuseAsMemory(other.fd());
            shouldRefuseAsMemory(eventFd);
        }
    }

    @Test
    void shouldRefuseAFileOpenForReadingOrWritingOnly() throws Exception {
        Path file = Files.write(directory.resolve("memory"), new byte[(int) MEMORY_BYTES]);
        for (int mode : new int[] {HostFile.O_RDONLY, O_WRONLY}) {
            try (Fd fd = HostFile.open(file, mode)) {
                shouldRefuseAsMemory(fd);
            }
        }
    }

    @Test
    void shouldTakeAFileThatCanBeReadAndWritten() throws Exception {
        Path file = Files.write(directory.resolve("memory"), new byte[(int) MEMORY_BYTES]);
        try (Fd fd = HostFile.open(file, HostFile.O_RDWR)) {
            frontEnd.negotiate();
            assertThat(frontEnd.acknowledged(VhostUser.SET_MEM_TABLE, FakeFrontEnd.regions(memory), fd))
                    .isZero();
        }
    }

    /** A page of such a file comes from a process or another host, or never: FUSE, NFS and 9P are like procfs in that. */
    @Test
    void shouldRefuseAFileWhosePagesTheKernelDoesNotHave() throws Exception {
        try (Fd fd = HostFile.open(Path.of("/proc/self/coredump_filter"), HostFile.O_RDWR)) {
            assertThat(HostFile.isKernels(fd)).isFalse();
            shouldRefuseAsMemory(fd);
        }
    }

    @Test
    void shouldRefuseMemoryThatIsSealedAgainstWriting() throws Exception {
        try (Fd fd = Seals.sealedMemory(MEMORY_BYTES, Seals.WRITE)) {
            shouldRefuseAsMemory(fd);
        }
        try (Fd fd = Seals.sealedMemory(MEMORY_BYTES, Seals.FUTURE_WRITE)) {
            shouldRefuseAsMemory(fd);
        }
    }

    @Test
    void shouldTakeMemoryWhoseSizeIsSealed() throws Exception {
        try (Fd fd = Seals.sealedMemory(MEMORY_BYTES, Seals.SHRINK | Seals.GROW)) {
            frontEnd.negotiate();
            assertThat(frontEnd.acknowledged(VhostUser.SET_MEM_TABLE, FakeFrontEnd.regions(memory), fd))
                    .isZero();
        }
    }

    @Test
    void shouldRefuseMemoryThatWasCutBefore() throws Exception {
        try (FakeMemory cut = FakeMemory.of(MEMORY_BYTES)) {
            cut.regions().getFirst().truncate(MEMORY_BYTES - 1);
            shouldRefuseAsMemory(cut.regions().getFirst().fd());
        }
    }

    @Test
    void shouldCloseEightDescriptorsWhereNoneBelong() throws Exception {
        try (Fd fd = EventFd.create()) {
            Fd[] eight = Collections.nCopies(8, fd).toArray(Fd[]::new);
            shouldRefuse(
                    frontEnd -> {},
                    VhostUser.SET_FEATURES,
                    new Payload().u64(VhostUser.F_PROTOCOL_FEATURES).done(),
                    eight);
        }
    }

    /** It would keep the session from ever ending: the connection stays open for as long as we hold its other end. */
    @Test
    void shouldRefuseTheFrontEndsOwnConnectionInPlaceOfAnEventfd() throws Exception {
        UnixSocket socket = UnixSocket.connect(server.socket());
        frontEnd.close();
        try (FakeFrontEnd own = new FakeFrontEnd(socket).negotiate()) {
            for (int request : new int[] {VhostUser.SET_VRING_CALL, VhostUser.SET_VRING_ERR}) {
                assertThat(own.acknowledged(request, new Payload().u64(0).done(), socket.fd()))
                        .isNotZero();
            }
            own.checkAlive();
        }
    }
}
