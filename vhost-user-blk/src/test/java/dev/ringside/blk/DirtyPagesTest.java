package dev.ringside.blk;

import static dev.ringside.blk.GuestDisk.BUFFERS;
import static dev.ringside.blk.GuestDisk.BUFFER_BYTES;
import static dev.ringside.blk.GuestDisk.FLUSH;
import static dev.ringside.blk.GuestDisk.GET_ID;
import static dev.ringside.blk.GuestDisk.IN;
import static dev.ringside.blk.GuestDisk.IOERR;
import static dev.ringside.blk.GuestDisk.NONE;
import static dev.ringside.blk.GuestDisk.OK;
import static dev.ringside.blk.GuestDisk.OUT;
import static dev.ringside.blk.GuestDisk.QUEUES;
import static dev.ringside.blk.GuestDisk.QUEUE_SIZE;
import static dev.ringside.blk.GuestDisk.SECTOR;
import static dev.ringside.blk.GuestDisk.header;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.MemFd;
import dev.ringside.linux.Mmap;
import dev.ringside.memory.DirtyLog;
import dev.ringside.queue.VringAddress;
import dev.ringside.testing.Buffer;
import dev.ringside.testing.ChainBuilder;
import dev.ringside.testing.FakeChain;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.VhostUser;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Pages that are marked dirty under a load of reads, against two references: the pages that hold something else than
 * before, which must be the same ones, and those of a device that marks all that its requests name.
 */
class DirtyPagesTest extends OnDisk {
    private static final int PAGE = DirtyLog.PAGE_BYTES;
    private static final long LOG_BYTES = (BUFFERS + BUFFER_BYTES) / PAGE / Byte.SIZE;

    private static final int ROUNDS = 4;
    /** Of one round on one queue, to fit into its ring. */
    private static final int REQUESTS = 60;

    private static final int MOST_SECTORS = 32;
    private static final int SERIAL_BYTES = 20;
    /** A used ring (virtio 1.2 §2.7.8): flags, index, elements, avail_event. */
    private static final int USED_BYTES = 4 + 8 * QUEUE_SIZE + 2;

    private final Arena arena = Arena.ofShared();
    private Fd fd;
    private MemorySegment log;

    @BeforeEach
    void startLogging() throws LinuxException {
        fd = MemFd.create("log", LOG_BYTES);
        log = Mmap.shared(fd, 0, LOG_BYTES, arena);
        FakeFrontEnd frontEnd = disk.frontEnd();
        frontEnd.setLogBase(LOG_BYTES, 0, fd);
        frontEnd.setFeatures(frontEnd.features() | VhostUser.F_LOG_ALL);
        for (int i = 0; i < QUEUES; i++) {
            VringAddress address = disk.vring(i).driver().address();
            frontEnd.set(VhostUser.SET_VRING_ADDR, FakeFrontEnd.loggedVringAddr(i, address, usedRing(i)));
        }
    }

    @AfterEach
    void stopLogging() {
        disk.frontEnd().setFeatures(disk.frontEnd().features() & ~VhostUser.F_LOG_ALL);
        fd.close();
        arena.close();
    }

    /** Where a used ring lies, by its guest-physical address. */
    private long usedRing(int queue) {
        long user = disk.vring(queue).driver().address().used();
        return user - FakeMemory.USER_ADDRESS + FakeMemory.GUEST_ADDRESS;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void shouldBeThoseThatWereWritten(int seed) {
        Random random = new Random(seed);
        for (int round = 0; round < ROUNDS; round++) {
            disk.memory().allocateFrom(1);
            takeMarked();
            List<FakeChain> chains = new ArrayList<>();
            for (int queue = 0; queue < QUEUES; queue++) {
                for (int i = 0; i < REQUESTS; i++) {
                    chains.add(request(queue, random));
                }
            }
            // Published only now: a loop that has just been awake finds requests without a kick.
            Snapshot before = new Snapshot();
            for (int queue = 0; queue < QUEUES; queue++) {
                disk.vring(queue).driver().publish();
                disk.vring(queue).kick();
            }
            for (int i = 0; i < chains.size(); i++) {
                disk.vring(i / REQUESTS).awaitUsed();
            }
            assertThat(chains).allSatisfy(chain -> assertThat(chain.lastByte()).isIn(OK, IOERR));
            Set<Long> marked = takeMarked();
            assertThat(marked).isEqualTo(before.changed());
            assertThat(pages(chains, false))
                    .as("of a device that marks everything")
                    .containsAll(inBuffers(marked));
            assertThat(pages(chains, true))
                    .as("of one that marks what it may write")
                    .containsAll(inBuffers(marked));
        }
    }

    /** Three of four are reads; a few fail, and write nothing but their status. */
    private FakeChain request(int queue, Random random) {
        int sectors = 1 + random.nextInt(MOST_SECTORS);
        int sector = random.nextInt(SECTORS - sectors + 1);
        ChainBuilder chain = disk.vring(queue).driver().chain();
        if (random.nextBoolean()) {
            chain.indirect();
        }
        switch (random.nextInt(16)) {
            case 0 -> chain.readable(header(FLUSH, 0));
            case 1 -> chain.readable(header(GET_ID, 0)).writableAt(room(SERIAL_BYTES), SERIAL_BYTES);
            case 2 -> chain.readable(header(IN, SECTORS)).writableAt(room(sectors * SECTOR), (long) sectors * SECTOR);
            // Of what the disk holds there already, for other requests read it meanwhile.
            case 3, 4 -> chain.readable(header(OUT, sector)).readable(content(sector, sectors * SECTOR));
            default -> chain.readable(header(IN, sector)).writableAt(room(sectors * SECTOR), (long) sectors * SECTOR);
        }
        long status = disk.memory().allocate(1, 1);
        disk.memory().put(status, (byte) NONE);
        return chain.writableAt(status, 1).add();
    }

    /** A buffer of zeroes that begins where a sector could. */
    private long room(int bytes) {
        long at = disk.memory().allocate(bytes, SECTOR);
        disk.memory().put(at, new byte[bytes]);
        return at;
    }

    /** What the front-end finds, and clears, as QEMU does. */
    private Set<Long> takeMarked() {
        for (int i = 0; i < QUEUES; i++) {
            // Answered when the vring's loop has done what it was at.
            disk.frontEnd().setVringErr(i, disk.vring(i).errFd());
        }
        Set<Long> pages = new TreeSet<>();
        for (long at = 0; at < LOG_BYTES; at++) {
            int bits = log.get(ValueLayout.JAVA_BYTE, at);
            log.set(ValueLayout.JAVA_BYTE, at, (byte) 0);
            for (int bit = 0; bit < Byte.SIZE; bit++) {
                if ((bits & 1 << bit) != 0) {
                    pages.add(at * Byte.SIZE + bit);
                }
            }
        }
        return pages;
    }

    private static Set<Long> inBuffers(Set<Long> pages) {
        return new TreeSet<>(pages).tailSet(BUFFERS / PAGE);
    }

    /** The pages of all buffers, or of those that the device may write. */
    private static Set<Long> pages(List<FakeChain> chains, boolean writableOnly) {
        Set<Long> pages = new TreeSet<>();
        for (FakeChain chain : chains) {
            for (Buffer buffer : chain.buffers()) {
                if (buffer.writable() || !writableOnly) {
                    addPages(buffer.address(), buffer.length(), pages);
                }
            }
        }
        return pages;
    }

    private static void addPages(long address, long bytes, Set<Long> pages) {
        for (long page = address / PAGE; page <= (address + bytes - 1) / PAGE; page++) {
            pages.add(page);
        }
    }

    /** What memory holds where the driver writes nothing any more once it has offered its requests. */
    private final class Snapshot {
        private final long end = disk.memory().allocate(1, 1);
        private final byte[] buffers = disk.memory().get(BUFFERS, (int) (end - BUFFERS));
        private final List<byte[]> usedRings = new ArrayList<>();

        Snapshot() {
            for (int i = 0; i < QUEUES; i++) {
                usedRings.add(disk.memory().get(usedRing(i), USED_BYTES));
            }
        }

        Set<Long> changed() {
            Set<Long> pages = new TreeSet<>();
            addChanged(BUFFERS, buffers, pages);
            for (int i = 0; i < QUEUES; i++) {
                addChanged(usedRing(i), usedRings.get(i), pages);
            }
            return pages;
        }

        private void addChanged(long address, byte[] before, Set<Long> pages) {
            MemorySegment then = MemorySegment.ofArray(before);
            MemorySegment now = MemorySegment.ofArray(disk.memory().get(address, before.length));
            for (long at = 0; at < before.length; ) {
                long mismatch = then.asSlice(at).mismatch(now.asSlice(at));
                if (mismatch < 0) {
                    return;
                }
                long page = (address + at + mismatch) / PAGE;
                pages.add(page);
                at = (page + 1) * PAGE - address;
            }
        }
    }
}
