package dev.ringside.vhostuser;

import static dev.ringside.testing.FakeFrontEnd.vringState;
import static dev.ringside.testing.PackedDriver.FIRST;
import static dev.ringside.testing.PackedDriver.INDIRECT;
import static dev.ringside.testing.PackedDriver.NEXT;
import static dev.ringside.testing.PackedDriver.WRITE;
import static dev.ringside.testing.VhostUser.SET_VRING_NUM;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.Fd;
import dev.ringside.linux.MemFd;
import dev.ringside.linux.Mmap;
import dev.ringside.memory.GuestAccess;
import dev.ringside.testing.EchoDevice;
import dev.ringside.testing.EchoDevice.Held;
import dev.ringside.testing.FakeChain;
import dev.ringside.testing.FakeDriver.Used;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeFrontEnd.InflightArea;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.FakeVring;
import dev.ringside.testing.PackedDriver;
import dev.ringside.testing.VhostUser;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Vrings that are packed: what is different about them in the protocol, and that the rest is not. */
class PackedVringTest extends EchoServed {
    private static final long BUFFER = FakeMemory.GUEST_ADDRESS + MEMORY_BYTES / 2;
    private static final int SIZE = 8;
    private static final long PAGE = 4096;

    private void readyPacked() {
        frontEnd.negotiatePacked().setMemTable(memory);
        frontEnd.setFeatures(frontEnd.features() & ~VhostUser.F_LOG_ALL);
    }

    private static int both(int place) {
        return place << 16 | place;
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, VhostUser.F_EVENT_IDX})
    void shouldServeChainsOfEveryKind(long without) {
        frontEnd.negotiate(~(without | VhostUser.F_LOG_ALL), -1).setMemTable(memory);
        try (FakeVring vring = frontEnd.vring(0, SIZE, memory).run()) {
            for (int i = 0; i < 50; i++) {
                shouldEcho(vring);
                var direct = vring.driver()
                        .chain()
                        .readable((byte) 1)
                        .readable((byte) 2)
                        .writable(1)
                        .writable(1);
                assertThat(vring.roundTrip(direct).written()).isEqualTo(2);
                var indirect =
                        vring.driver().chain().indirect().readable((byte) 3).writable(1);
                assertThat(vring.roundTrip(indirect).written()).isEqualTo(1);
            }
            assertThat(vring.stop()).isEqualTo(vring.driver().base());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 7, 100, 255, 1000, 32768})
    void shouldRunAVringOfAnySize(int size) {
        try (FakeMemory large = FakeMemory.of(4 << 20)) {
            frontEnd.negotiatePacked().setMemTable(large);
            frontEnd.setFeatures(frontEnd.features() & ~VhostUser.F_LOG_ALL);
            try (FakeVring vring = frontEnd.vring(0, size, large).run()) {
                for (int i = 0; i < 10; i++) {
                    var chain =
                            vring.driver().chain().indirect().readable((byte) 5).writable(1);
                    assertThat(vring.roundTrip(chain).written()).isEqualTo(1);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 32769, 65536, 0xffff_ffffL})
    void shouldRefuseASizeBeyond32768(long size) {
        readyPacked();
        assertThat(frontEnd.acknowledged(SET_VRING_NUM, vringState(0, size))).isNotZero();
    }

    /** Index and wrap counter of both sides; DPDK's virtio_user gives one side only, and only as it begins. */
    @ParameterizedTest
    @CsvSource({"0x8000, 0x8000", "0x80008000, 0x8000", "0x00030003, 0x0003", "0x80078007, 0x8007", "0x8005, 0x8005"})
    void shouldRunFromAnyBase(String base, String place) {
        readyPacked();
        try (FakeVring vring = frontEnd.vring(0, new PackedDriver(memory, SIZE, true, Integer.decode(place)))) {
            vring.configure((int) (long) Long.decode(base)).start().enable();
            for (int i = 0; i < 9; i++) {
                shouldEcho(vring);
            }
            int end = vring.stop();
            assertThat(end).isEqualTo(vring.driver().base()).isNotEqualTo(Integer.decode(place));
            vring.configure(end).start();
            shouldEcho(vring);
        }
    }

    @Test
    void shouldBeginAtTheBeginningIfNoBaseIsGiven() {
        readyPacked();
        try (FakeVring vring = frontEnd.vring(0, SIZE, memory)) {
            assertThat(vring.stop()).isEqualTo(both(FIRST));
            frontEnd.setVringNum(0, SIZE);
            frontEnd.setVringAddr(0, vring.driver().address());
            frontEnd.setVringCall(0, vring.callFd());
            vring.start().enable();
            shouldEcho(vring);
        }
    }

    @Test
    void shouldGoOnAfterAPause() {
        readyPacked();
        try (FakeVring vring = frontEnd.vring(0, SIZE, memory).run()) {
            for (int i = 0; i < 20; i++) {
                shouldEcho(vring);
                vring.disable().enable();
            }
        }
    }

    @Test
    void shouldRefuseABaseThatTheRingDoesNotHave() {
        readyPacked();
        try (FakeVring vring = frontEnd.vring(0, SIZE, memory)) {
            frontEnd.setVringNum(0, SIZE);
            frontEnd.setVringBase(0, both(SIZE | FIRST) & 0xffff_ffffL);
            assertThat(frontEnd.acknowledged(
                            VhostUser.SET_VRING_ADDR,
                            FakeFrontEnd.vringAddr(0, vring.driver().address())))
                    .isNotZero();
        }
    }

    /** The format is a matter of negotiation, and of each start. */
    @Test
    void shouldGoOnWithSplitRingsOnTheSameConnection() {
        readyPacked();
        try (FakeVring packed = frontEnd.vring(0, SIZE, memory).run()) {
            shouldEcho(packed);
            packed.stop();
        }
        frontEnd.setFeatures(frontEnd.features() & ~VhostUser.F_RING_PACKED);
        try (FakeVring split = frontEnd.vring(0, SIZE, memory).configure().start()) {
            shouldEcho(split);
            assertThat(split.stop()).isEqualTo(1);
        }
    }

    @Test
    void shouldCompleteAFaultyChainAndGoOn() {
        readyPacked();
        try (FakeVring vring = frontEnd.vring(0, SIZE, memory).run()) {
            PackedDriver driver = vring.packedDriver();
            for (int i = 0; i < 3 * SIZE; i++) {
                driver.entry(BUFFER, 16, 0, NEXT);
                driver.entry(BUFFER, 16, 0, NEXT | INDIRECT);
                driver.entry(BUFFER, 16, 0xabcd, WRITE);
                driver.publish();
                vring.kick();
                assertThat(vring.awaitUsed()).isEqualTo(new Used(0xabcd, EchoDevice.REJECTED));
                driver.skipMoreUsed(2);
            }
            shouldEcho(vring);
            assertThat(vring.hasErr()).isFalse();
        }
    }

    @Test
    void shouldStopAVringWithAChainThatNeverEnds() {
        readyPacked();
        try (FakeVring vring = frontEnd.vring(0, SIZE, memory).run();
                FakeVring neighbour = frontEnd.vring(2, SIZE, memory).run()) {
            shouldEcho(vring);
            for (int i = 0; i < SIZE; i++) {
                vring.packedDriver().entry(BUFFER, 16, 0, NEXT);
            }
            vring.driver().publish();
            vring.kick();
            vring.awaitErr();
            shouldEcho(neighbour);
            assertThat(vring.stop()).as("where it would go on").isEqualTo(both(2 | FIRST));
            assertThat(vring.driver().takeUsed()).isNull();
            try (FakeVring anew = frontEnd.vring(0, SIZE, memory).configure().start()) {
                shouldEcho(anew);
            }
        }
    }

    /** struct QueueRegionPacked and DescStatePacked, as the specification has them. */
    @Test
    void shouldRecordWhatIsInFlight() throws Exception {
        readyPacked();
        InflightArea area = frontEnd.getInflightFd(2, SIZE);
        assertThat(area.size()).isGreaterThanOrEqualTo(2 * (32 + SIZE * 32));
        frontEnd.setInflightFd(area);
        try (Fd fd = area.fd();
                Arena arena = Arena.ofConfined();
                FakeVring vring = frontEnd.vring(0, SIZE, memory).run()) {
            MemorySegment region = Mmap.shared(fd, 0, area.size(), arena);
            shouldEcho(vring); // two entries, off the free list and back
            assertThat(GuestAccess.u16(region, 8)).as("version").isEqualTo(1);
            assertThat(GuestAccess.u16(region, 10)).as("desc_num").isEqualTo(SIZE);
            device.hold(true);
            FakeChain chain =
                    vring.driver().chain().readableAt(BUFFER, 3).writable(1).offer();
            vring.kick();
            Held held = device.awaitHeld();
            int head = 0;
            while (GuestAccess.u8(region, 32 + 32L * head) == 0) {
                head++;
            }
            long desc = 32 + 32L * head;
            assertThat(GuestAccess.u16(region, desc + 6)).as("num").isEqualTo(2);
            assertThat(GuestAccess.u32(region, desc + 20)).as("len").isEqualTo(3);
            assertThat(GuestAccess.u64(region, desc + 24)).as("addr").isEqualTo(BUFFER);
            int last = GuestAccess.u16(region, desc + 4);
            assertThat(last).isEqualTo(GuestAccess.u16(region, desc + 2));
            assertThat(GuestAccess.u16(region, 32 + 32L * last + 16)).as("id").isEqualTo(chain.id());
            assertThat(GuestAccess.u64(region, 16)).as("used places").isEqualTo(0x0101_0002_0002L);
            held.release();
            vring.awaitUsed();
            vring.disable();
            assertThat(GuestAccess.u8(region, desc)).isZero();
            assertThat(GuestAccess.u64(region, 16)).isEqualTo(0x0101_0004_0004L);
            vring.stop();
            assertThat(GuestAccess.u16(region, 8))
                    .as("version once the base is told")
                    .isZero();
        }
    }

    /** As it is when a back-end is killed, and QEMU tells the next one the base that it began with. */
    @Test
    void shouldResubmitWhatAnotherBackEndHasLeft() throws Exception {
        readyPacked();
        InflightArea area = frontEnd.getInflightFd(1, SIZE);
        PackedDriver driver = new PackedDriver(memory, SIZE, true);
        int begin = driver.base();
        List<FakeChain> left = new ArrayList<>();
        try (Fd fd = area.fd();
                Arena arena = Arena.ofConfined()) {
            MemorySegment before = arena.allocate(area.size());
            MemorySegment region = Mmap.shared(fd, 0, area.size(), arena);
            frontEnd.setInflightFd(area);
            try (FakeVring vring = frontEnd.vring(0, driver).run()) {
                shouldEcho(vring);
                device.hold(true);
                for (int i = 0; i < 3; i++) {
                    left.add(driver.chain().readable((byte) i).writable(1).offer());
                }
                vring.kick();
                List<Held> held = new ArrayList<>();
                for (int i = 0; i < 3; i++) {
                    held.add(device.awaitHeld());
                }
                held.remove(1).release();
                assertThat(vring.awaitUsed().id()).isEqualTo(left.remove(1).id());
                before.copyFrom(region);
                held.forEach(Held::release);
                frontEnd.close(); // What is published from here on goes to a ring that is not looked at.
                frontEnd = server.connect();
                device.hold(false);
            }
            readyPacked();
            region.copyFrom(before);
            frontEnd.setInflightFd(area);
            device.hold(true);
            try (FakeVring vring =
                    frontEnd.vring(0, driver).configure(begin).start().enable()) {
                for (FakeChain chain : left) {
                    Held held = device.awaitHeld();
                    assertThat(held.chain().head()).isEqualTo(chain.id());
                    assertThat(held.chain().readableBytes()).isEqualTo(1);
                    held.release();
                }
                for (FakeChain chain : left) {
                    assertThat(vring.awaitUsed()).isEqualTo(new Used(chain.id(), 1));
                }
                device.hold(false);
                shouldEcho(vring);
                assertThat(vring.stop()).isEqualTo(driver.base());
            }
        }
    }

    /** QEMU tells where the device area is, and nothing of the ring. */
    @Test
    void shouldMarkRingAndDeviceAreaAsWritten() throws Exception {
        readyPacked();
        try (Fd fd = MemFd.create("log", PAGE);
                Arena arena = Arena.ofConfined();
                FakeVring vring =
                        frontEnd.vring(1, new PackedDriver(memory, 256, true)).run()) {
            MemorySegment log = Mmap.shared(fd, 0, PAGE, arena);
            frontEnd.setLogBase(PAGE, 0, fd);
            frontEnd.setFeatures(frontEnd.features() | VhostUser.F_LOG_ALL);
            long device = 0x70_0000;
            frontEnd.set(
                    VhostUser.SET_VRING_ADDR,
                    FakeFrontEnd.loggedVringAddr(1, vring.driver().address(), device));
            log.fill((byte) 0);
            long buffer = memory.allocate(PAGE, (int) PAGE);
            vring.roundTrip(vring.driver().chain().readable((byte) 1).writableAt(buffer, 1));
            long ring = FakeMemory.GUEST_ADDRESS + vring.driver().address().desc() - FakeMemory.USER_ADDRESS;
            vring.stop();
            assertThat(isMarked(log, buffer)).isTrue();
            assertThat(isMarked(log, ring)).isTrue();
            assertThat(isMarked(log, device)).isTrue();
            assertThat(isMarked(log, ring + PAGE)).isFalse();
        }
    }

    private static boolean isMarked(MemorySegment log, long address) {
        long page = address / PAGE;
        return (log.get(ValueLayout.JAVA_BYTE, page / 8) & 1 << page % 8) != 0;
    }
}
