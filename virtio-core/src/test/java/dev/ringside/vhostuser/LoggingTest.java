package dev.ringside.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.MemFd;
import dev.ringside.linux.Mmap;
import dev.ringside.linux.Poll;
import dev.ringside.testing.EchoDevice.Held;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.FakeVring;
import dev.ringside.testing.Payload;
import dev.ringside.testing.VhostUser;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Writes to the guest's memory are marked in the front-end's log: all of them, and nothing else. */
class LoggingTest extends EchoServed {
    private static final long LOG_BYTES = 4096;
    private static final int PAGE = 4096;
    private static final int SIZE = 16;

    /** Of the used ring in the log: far from all memory, to be told apart. */
    private static final long USED_LOG_ADDRESS = 0x700_0000 + 0x10;

    private static final long USED_PAGE = USED_LOG_ADDRESS / PAGE;

    private final Arena arena = Arena.ofShared();
    private Fd fd;
    private MemorySegment log;
    private FakeVring vring;

    @BeforeEach
    void runAVring() throws LinuxException {
        fd = MemFd.create("log", LOG_BYTES);
        log = Mmap.shared(fd, 0, LOG_BYTES, arena);
        ready();
        frontEnd.setFeatures(frontEnd.features() & ~VhostUser.F_LOG_ALL);
        vring = frontEnd.vring(1, SIZE, memory).run();
        shouldEcho(vring);
    }

    @AfterEach
    void close() {
        vring.close();
        fd.close();
        arena.close();
    }

    /** As QEMU does it when a migration begins. */
    private void startLogging() {
        frontEnd.setLogBase(LOG_BYTES, 0, fd);
        frontEnd.setFeatures(frontEnd.features() | VhostUser.F_LOG_ALL);
        logUsed();
    }

    private void logUsed() {
        frontEnd.set(
                VhostUser.SET_VRING_ADDR,
                FakeFrontEnd.loggedVringAddr(1, vring.driver().address(), USED_LOG_ADDRESS));
    }

    private void stopLogging() {
        frontEnd.setFeatures(frontEnd.features() & ~VhostUser.F_LOG_ALL);
        frontEnd.setVringAddr(1, vring.driver().address());
    }

    /** What the front-end finds, and clears, as QEMU does. */
    private Set<Long> takeMarked() {
        // Marks follow what the driver sees: answered when the vring's loop has done what it was at.
        frontEnd.setVringErr(1, vring.errFd());
        Set<Long> pages = new HashSet<>();
        for (long at = 0; at < LOG_BYTES; at++) {
            int bits = log.get(ValueLayout.JAVA_BYTE, at);
            log.set(ValueLayout.JAVA_BYTE, at, (byte) 0);
            for (int bit = 0; bit < 8; bit++) {
                if ((bits & 1 << bit) != 0) {
                    pages.add(at * 8 + bit);
                }
            }
        }
        return pages;
    }

    private static long page(long address) {
        return address / PAGE;
    }

    /** A request of so many bytes, answered in one buffer that begins where a page does. Returns the buffer's address. */
    private long echo(int bytes, int room) {
        long buffer = memory.allocate(room, PAGE);
        vring.roundTrip(vring.driver().chain().readable(new byte[bytes]).writableAt(buffer, room));
        return buffer;
    }

    @Test
    void shouldMarkWhatWasWrittenAndTheUsedRing() {
        startLogging();
        takeMarked();
        long buffer = echo(10, 10);
        assertThat(takeMarked()).containsExactlyInAnyOrder(page(buffer), USED_PAGE);
    }

    /** SET_LOG_FD, before the log and while it is in use. */
    @Test
    void shouldSignalThatTheLogHasBeenModified() throws Exception {
        try (Fd first = EventFd.create();
                Fd second = EventFd.create()) {
            frontEnd.set(VhostUser.SET_LOG_FD, Payload.EMPTY, first);
            shouldEcho(vring);
            assertThat(Poll.takeCount(first)).as("without a log").isZero();
            startLogging();
            shouldEcho(vring);
            assertThat(Poll.takeCount(first)).isPositive();
            frontEnd.set(VhostUser.SET_LOG_FD, Payload.EMPTY, second);
            Poll.takeCount(first);
            shouldEcho(vring);
            assertThat(Poll.takeCount(second)).isPositive();
            assertThat(Poll.takeCount(first)).isZero();
            stopLogging();
            vring.disable();
            Poll.takeCount(second);
            vring.enable();
            shouldEcho(vring);
            assertThat(Poll.takeCount(second)).as("without logging").isZero();
        }
    }

    @Test
    void shouldMarkNoMoreOfABufferThanWasWritten() {
        startLogging();
        takeMarked();
        long buffer = echo(PAGE + 1, 8 * PAGE);
        assertThat(takeMarked()).containsExactlyInAnyOrder(page(buffer), page(buffer) + 1, USED_PAGE);
    }

    @Test
    void shouldMarkNoBufferThatWasOnlyRead() {
        startLogging();
        takeMarked();
        vring.roundTrip(vring.driver().chain().readable(new byte[5 * PAGE]));
        assertThat(takeMarked()).containsExactly(USED_PAGE);
    }

    @Test
    void shouldMarkPiecesWhereTheyLie() {
        startLogging();
        takeMarked();
        long first = memory.allocate(PAGE, PAGE);
        memory.allocate(3 * PAGE, PAGE);
        long second = memory.allocate(PAGE, PAGE);
        vring.roundTrip(vring.driver()
                .chain()
                .readable(new byte[8])
                .writableAt(second, 4)
                .writableAt(first, 4));
        assertThat(takeMarked()).containsExactlyInAnyOrder(page(first), page(second), USED_PAGE);
    }

    @Test
    void shouldMarkWhatWasInFlightWhenLoggingBegan() {
        device.hold(true);
        long buffer = memory.allocate(1, PAGE);
        vring.driver().chain().readable((byte) 1).writableAt(buffer, 1).offer();
        vring.kick();
        Held held = device.awaitHeld();
        startLogging();
        takeMarked();
        held.release();
        vring.awaitUsed();
        vring.stop();
        assertThat(takeMarked()).containsExactlyInAnyOrder(page(buffer), USED_PAGE);
    }

    @Test
    void shouldMarkTheUsedRingOnlyIfItIsAskedTo() {
        frontEnd.setLogBase(LOG_BYTES, 0, fd);
        frontEnd.setFeatures(frontEnd.features() | VhostUser.F_LOG_ALL);
        long buffer = echo(1, 1);
        assertThat(takeMarked()).containsExactly(page(buffer));
    }

    @Test
    void shouldMarkNothingBeforeAndAfter() {
        echo(1, 1);
        frontEnd.setLogBase(LOG_BYTES, 0, fd);
        echo(1, 1);
        assertThat(takeMarked()).isEmpty();
        startLogging();
        stopLogging();
        takeMarked();
        echo(1, 1);
        assertThat(takeMarked()).isEmpty();
    }

    @Test
    void shouldMoveToALargerLog() throws Exception {
        startLogging();
        takeMarked();
        try (Fd larger = MemFd.create("larger", 2 * LOG_BYTES)) {
            frontEnd.setLogBase(2 * LOG_BYTES, 0, larger);
            MemorySegment there = Mmap.shared(larger, 0, 2 * LOG_BYTES, arena);
            takeMarked();
            long buffer = echo(1, 1);
            assertThat(takeMarked()).isEmpty();
            assertThat(there.get(ValueLayout.JAVA_BYTE, page(buffer) / 8) & 1 << page(buffer) % 8)
                    .isNotZero();
        }
    }

    /** QEMU resets a migrating guest: features and addresses of the vring are set before the log is. */
    @Test
    void shouldNotRunWithoutTheLogThatIsToCome() {
        frontEnd.close();
        frontEnd = server.connect().negotiate();
        frontEnd.setMemTable(memory);
        frontEnd.setFeatures(frontEnd.features() | VhostUser.F_LOG_ALL);
        vring.close();
        vring = frontEnd.vring(1, SIZE, memory).configure();
        logUsed();
        vring.start().enable();
        long buffer = memory.allocate(1, PAGE);
        vring.driver().chain().readable((byte) 1).writableAt(buffer, 1).offer();
        vring.kick();
        frontEnd.checkAlive();
        assertThat(device.running()).isZero();
        frontEnd.setLogBase(LOG_BYTES, 0, fd);
        vring.awaitUsed();
        vring.stop();
        assertThat(takeMarked()).containsExactlyInAnyOrder(page(buffer), USED_PAGE);
    }

    @Test
    void shouldRefuseLoggingWithoutALogWhileVringsRun() {
        long wanted = frontEnd.features() | VhostUser.F_LOG_ALL;
        assertThat(frontEnd.acknowledged(
                        VhostUser.SET_FEATURES, new Payload().u64(wanted).done()))
                .isNotZero();
        shouldEcho(vring);
    }

    @Test
    void shouldBreakARingWhoseLogIsCutOff() throws Exception {
        startLogging();
        HostFile.truncate(fd, 0);
        vring.driver().chain().readable((byte) 1).writable(1).offer();
        vring.kick();
        vring.awaitErr();
    }

    @Test
    void shouldEndTheConnectionOverALogThatIsNotInItsFile() {
        shouldEndTheConnection(ready -> {}, VhostUser.SET_LOG_BASE, FakeFrontEnd.logBase(2 * LOG_BYTES, 0), fd);
    }

    /** Of two regions, pages are counted from guest address 0, and not from where the region begins. */
    @Test
    void shouldMarkByGuestAddress() {
        FakeMemory.Region region = memory.regions().get(0);
        assertThat(page(region.mapping().guestAddress())).isNotZero();
        startLogging();
        takeMarked();
        long buffer = echo(1, 1);
        assertThat(takeMarked()).contains(page(buffer));
    }
}
