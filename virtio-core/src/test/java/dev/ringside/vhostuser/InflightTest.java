package dev.ringside.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import dev.ringside.linux.MemFd;
import dev.ringside.linux.Mmap;
import dev.ringside.linux.Poll;
import dev.ringside.memory.GuestAccess;
import dev.ringside.testing.EchoDevice;
import dev.ringside.testing.EchoDevice.Held;
import dev.ringside.testing.FakeChain;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeFrontEnd.InflightArea;
import dev.ringside.testing.FakeVring;
import dev.ringside.testing.Payload;
import dev.ringside.testing.SplitDriver;
import dev.ringside.testing.VhostUser;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** GET_INFLIGHT_FD and SET_INFLIGHT_FD: what another back-end finds after this one, and this one after another. */
class InflightTest extends EchoServed {
    private static final int SIZE = 16;

    /** struct QueueRegionSplit and DescStateSplit, as the specification has them. */
    private static final int VERSION = 8;

    private static final int DESC_NUM = 10;
    private static final int USED_IDX = 14;
    private static final int DESC = 16;
    private static final int COUNTER = 8;

    private final Arena arena = Arena.ofShared();
    private final List<Fd> fds = new ArrayList<>();

    @AfterEach
    void unmap() {
        arena.close();
        fds.forEach(Fd::close);
    }

    private InflightArea newArea(FakeFrontEnd from, int queues, int size) {
        InflightArea area = from.getInflightFd(queues, size);
        fds.add(area.fd());
        return area;
    }

    private MemorySegment map(InflightArea area) throws Exception {
        return Mmap.shared(area.fd(), area.offset(), area.size(), arena);
    }

    private static int inflight(MemorySegment region, int head) {
        return GuestAccess.u8(region, DESC + 16L * head);
    }

    @Test
    void shouldMakeAnAreaThatHasRoomForAllQueues() throws Exception {
        InflightArea area = newArea(ready(), 4, 128);
        assertThat(area.numQueues()).isEqualTo(4);
        assertThat(area.queueSize()).isEqualTo(128);
        assertThat(area.size()).isGreaterThanOrEqualTo(4 * (16 + 128 * 16));
        assertThat(GuestAccess.u16(map(area), VERSION))
                .as("version of a region without content")
                .isZero();
    }

    /** QEMU sends the description as a C structure, with four bytes of padding, and expects it back so. */
    @Test
    void shouldAnswerInTheSizeThatItWasAsked() {
        ready().send(
                        VhostUser.GET_INFLIGHT_FD,
                        new Payload().u64(0, 0).u32(1 | 8 << 16, 0).done());
        assertThat(frontEnd.receiveWithFds(fds).payload()).hasSize(24);
        assertThat(fds).hasSize(1);
    }

    @Test
    void shouldRecordWhatIsInFlight() throws Exception {
        InflightArea area = newArea(ready(), 1, SIZE);
        MemorySegment region = map(area);
        frontEnd.setInflightFd(area);
        try (FakeVring vring = frontEnd.vring(0, SIZE, memory).run()) {
            shouldEcho(vring);
            assertThat(GuestAccess.u16(region, VERSION)).isEqualTo(1);
            assertThat(GuestAccess.u16(region, DESC_NUM)).isEqualTo(SIZE);
            device.hold(true);
            FakeChain first = offer(vring);
            FakeChain second = offer(vring);
            vring.kick();
            Held heldFirst = device.awaitHeld();
            Held heldSecond = device.awaitHeld();
            assertThat(inflight(region, first.id())).isEqualTo(1);
            assertThat(inflight(region, second.id())).isEqualTo(1);
            assertThat(counter(region, first)).isLessThan(counter(region, second));
            heldSecond.release();
            assertThat(vring.awaitUsed().id()).isEqualTo(second.id());
            heldFirst.release();
            assertThat(vring.awaitUsed().id()).isEqualTo(first.id());
            vring.stop();
            assertThat(inflight(region, first.id())).isZero();
            assertThat(inflight(region, second.id())).isZero();
            assertThat(GuestAccess.u16(region, USED_IDX)).isEqualTo(3);
        }
    }

    private static long counter(MemorySegment region, FakeChain chain) {
        return GuestAccess.u64(region, DESC + 16L * chain.id() + COUNTER);
    }

    private static FakeChain offer(FakeVring vring) {
        return vring.driver().chain().readable((byte) 7).writable(1).offer();
    }

    /**
     * A record as a back-end leaves it that was killed with requests in flight: taken out of order with the ring, not
     * noted yet that one of them was given back. The front-end tells what QEMU does, the driver's used_idx.
     */
    @Test
    void shouldResubmitWhatAnotherBackEndHasLeft() throws Exception {
        InflightArea area = newArea(ready(), 1, SIZE);
        MemorySegment region = map(area);
        SplitDriver driver = new SplitDriver(memory, SIZE, true);
        List<FakeChain> chains = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            chains.add(driver.chain().readable((byte) i).writable(1).offer());
        }
        List<FakeChain> taken = new ArrayList<>(chains.subList(0, 4));
        for (int i = 0; i < 4; i++) {
            GuestAccess.putU64(region, DESC + 16L * taken.get(i).id() + COUNTER, 100 + i);
            GuestAccess.putU8Release(region, DESC + 16L * taken.get(i).id(), 1);
        }
        giveBack(driver, taken.get(2).id());
        GuestAccess.putU16(region, DESC_NUM, SIZE);
        GuestAccess.putU16(region, 12, taken.get(2).id());
        GuestAccess.putU16(region, USED_IDX, 0);
        GuestAccess.putU16(region, VERSION, 1);
        assertThat(driver.takeUsed()).isNotNull();

        frontEnd.setInflightFd(area);
        device.hold(true);
        try (FakeVring vring = frontEnd.vring(0, driver).configure(1).start().enable()) {
            List<Integer> heads = new ArrayList<>();
            List<Held> held = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                held.add(device.awaitHeld());
                heads.add(held.getLast().chain().head());
            }
            assertThat(heads)
                    .containsExactly(
                            chains.get(0).id(),
                            chains.get(1).id(),
                            chains.get(3).id(),
                            chains.get(4).id());
            assertThat(Poll.readable(vring.callFd(), FakeFrontEnd.DEADLINE))
                    .as("a call for what the other may not have called for")
                    .isTrue();
            Collections.reverse(held);
            held.forEach(Held::release);
            for (int i = 0; i < 4; i++) {
                vring.awaitUsed();
            }
            assertThat(vring.stop()).isEqualTo(5);
            assertThat(driver.takeUsed()).isNull();
        }
    }

    private void giveBack(SplitDriver driver, int head) {
        MemorySegment used = memory.atUser(driver.address().used(), 4 + 8);
        GuestAccess.putU32(used, 4, head);
        GuestAccess.putU32(used, 8, 0);
        GuestAccess.putU16Release(used, 2, 1);
    }

    /** GET_VRING_BASE_INFLIGHT: the front-end migrates the record, and another back-end goes on with it. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldLeaveRequestsInFlightToWhoeverGoesOn(boolean packed) throws Exception {
        InflightArea area = newArea(packed ? frontEnd.negotiatePacked() : frontEnd.negotiate(), 1, SIZE);
        frontEnd.setMemTable(memory);
        frontEnd.setInflightFd(area);
        device.hold(true);
        device.leave(true);
        try (FakeVring vring = frontEnd.vring(0, SIZE, memory).run()) {
            FakeChain first = offer(vring);
            FakeChain second = offer(vring);
            FakeChain third = offer(vring);
            vring.kick();
            device.awaitHeld();
            Held held = device.awaitHeld();
            device.awaitHeld();
            held.release();
            assertThat(vring.awaitUsed().id()).isEqualTo(second.id());
            // As QEMU does it.
            int base = vring.disable().stop();
            assertThat(device.running()).isZero();
            frontEnd = reconnect();
            frontEnd = packed ? frontEnd.negotiatePacked() : frontEnd.negotiate();
            frontEnd.setMemTable(memory);
            frontEnd.setInflightFd(area);
            try (FakeVring there =
                    frontEnd.vring(0, vring.driver()).configure(base).start().enable()) {
                Held again = device.awaitHeld();
                Held last = device.awaitHeld();
                assertThat(device.isHolding()).isFalse();
                again.release();
                assertThat(there.awaitUsed().id()).isEqualTo(first.id());
                last.release();
                assertThat(there.awaitUsed().id()).isEqualTo(third.id());
                device.hold(false);
                shouldEcho(there);
                assertThat(there.stop()).isEqualTo(there.driver().base());
            }
        }
    }

    @Test
    void shouldCompleteWhatIsInFlightIfTheFrontEndDoesNotTakeTheRecordAlong() {
        InflightArea area = newArea(
                frontEnd.negotiate(~VhostUser.F_RING_PACKED, ~VhostUser.PROTOCOL_F_GET_VRING_BASE_INFLIGHT), 1, SIZE);
        frontEnd.setMemTable(memory);
        frontEnd.setInflightFd(area);
        device.hold(true);
        device.leave(true);
        try (FakeVring vring = frontEnd.vring(0, SIZE, memory).run()) {
            FakeChain chain = offer(vring);
            vring.kick();
            Held held = device.awaitHeld();
            frontEnd.send(VhostUser.GET_VRING_BASE, new Payload().u32(0, 0).done());
            held.release();
            assertThat(Payload.value(frontEnd.receive().payload(), 4, Integer.BYTES))
                    .isEqualTo(1);
            assertThat(vring.awaitUsed().id()).isEqualTo(chain.id());
        }
    }

    @Test
    void shouldServeOnAfterAFrontEndThatWasGone() throws Exception {
        InflightArea area = newArea(ready(), 1, SIZE);
        MemorySegment region = map(area);
        frontEnd.setInflightFd(area);
        try (FakeVring vring = frontEnd.vring(0, SIZE, memory).run()) {
            shouldEcho(vring);
            frontEnd.close();
            try (FakeFrontEnd next = server.connect().negotiate()) {
                next.setMemTable(memory);
                next.setInflightFd(area);
                try (FakeVring again = next.vring(0, vring.driver()).run()) {
                    shouldEcho(again);
                    assertThat(again.stop()).isEqualTo(2);
                }
            }
        }
        assertThat(GuestAccess.u16(region, USED_IDX)).isEqualTo(2);
    }

    /**
     * QEMU that reconnects gives an eventfd of its own first, and the guest's when the vring runs already. What was called
     * through the first is lost, and with EVENT_IDX nothing would be called for ever after.
     */
    @Test
    void shouldCallThroughADescriptorThatComesLate() throws Exception {
        try (FakeVring vring = ready().vring(0, SIZE, memory).run();
                Fd late = EventFd.create()) {
            vring.driver().armCalls();
            vring.driver().chain().readable((byte) 1).writable(1).offer();
            vring.kick();
            assertThat(Poll.readable(vring.callFd(), FakeFrontEnd.DEADLINE)).isTrue();
            frontEnd.setVringCall(0, late);
            assertThat(Poll.readable(late, FakeFrontEnd.DEADLINE)).isTrue();
            vring.stop();
        }
    }

    /** QEMU does not repeat it to a back-end that comes back. */
    @Test
    void shouldKeepWhatTheDriverHasConfiguredBesideItsRequests() {
        InflightArea area = newArea(ready(), 1, SIZE);
        frontEnd.setInflightFd(area);
        frontEnd.setConfig(EchoDevice.WRITABLE_CONFIG, (byte) 99);
        frontEnd.close();
        try (FakeFrontEnd next = server.connect().negotiate()) {
            assertThat(next.getConfig(EchoDevice.WRITABLE_CONFIG, 1)).doesNotContain(99);
            next.setInflightFd(area);
            assertThat(next.getConfig(EchoDevice.WRITABLE_CONFIG, 1)).containsExactly(99);
            next.setStatus(0);
            assertThat(next.getConfig(EchoDevice.WRITABLE_CONFIG, 1)).doesNotContain(99);
        }
    }

    /** The driver begins with used_idx 0 again, and the front-end goes on with the area that it has. */
    @Test
    void shouldForgetARingThatTheDriverHasLaidOutAnew() throws Exception {
        InflightArea area = newArea(ready(), 1, SIZE);
        MemorySegment region = map(area);
        frontEnd.setInflightFd(area);
        FakeVring vring = frontEnd.vring(0, SIZE, memory).run();
        shouldEcho(vring);
        vring.stop();
        GuestAccess.putU8Release(region, DESC, 1);
        try (vring;
                FakeVring anew = frontEnd.vring(0, SIZE, memory).run()) {
            shouldEcho(anew);
            assertThat(anew.stop()).isEqualTo(1);
        }
    }

    @Test
    void shouldBreakARingWhoseRecordIsOfAnotherKind() throws Exception {
        InflightArea area = newArea(ready(), 1, SIZE);
        MemorySegment region = map(area);
        GuestAccess.putU16(region, VERSION, 2);
        frontEnd.setInflightFd(area);
        try (FakeVring vring = frontEnd.vring(0, SIZE, memory).configure().enable()) {
            assertThat(frontEnd.acknowledged(
                            VhostUser.SET_VRING_KICK, new Payload().u64(0).done(), vring.kickFd()))
                    .isNotZero();
            vring.awaitErr();
        }
    }

    @Test
    void shouldBreakARingWhoseLastBatchPointsNowhere() throws Exception {
        InflightArea area = newArea(ready(), 1, SIZE);
        MemorySegment region = map(area);
        GuestAccess.putU16(region, DESC_NUM, SIZE);
        GuestAccess.putU16(region, 12, 0x7fff);
        GuestAccess.putU16(region, USED_IDX, 0xffff);
        GuestAccess.putU16(region, VERSION, 1);
        frontEnd.setInflightFd(area);
        try (FakeVring vring = frontEnd.vring(0, SIZE, memory).configure().enable()) {
            assertThat(frontEnd.acknowledged(
                            VhostUser.SET_VRING_KICK, new Payload().u64(0).done(), vring.kickFd()))
                    .isNotZero();
            vring.awaitErr();
        }
    }

    @Test
    void shouldBreakARingThatIsLargerThanItsRecord() {
        InflightArea area = newArea(ready(), 1, SIZE);
        frontEnd.setInflightFd(area);
        try (FakeVring vring = frontEnd.vring(0, 2 * SIZE, memory).configure().enable()) {
            assertThat(frontEnd.acknowledged(
                            VhostUser.SET_VRING_KICK, new Payload().u64(0).done(), vring.kickFd()))
                    .isNotZero();
            vring.awaitErr();
        }
    }

    @Test
    void shouldBearAnAreaThatIsCutOff() throws Exception {
        InflightArea area = newArea(ready(), 1, SIZE);
        frontEnd.setInflightFd(area);
        try (FakeVring vring = frontEnd.vring(0, SIZE, memory).run()) {
            shouldEcho(vring);
            HostFile.truncate(area.fd(), 0);
            offer(vring);
            vring.kick();
            vring.awaitErr();
        }
    }

    @Test
    void shouldRefuseAnAreaThatIsNotInItsFile() throws Exception {
        try (Fd fd = MemFd.create("area", 4096)) {
            for (InflightArea area : List.of(
                    new InflightArea(4096, 4096, 1, SIZE, fd),
                    new InflightArea(4096, -8, 1, SIZE, fd),
                    new InflightArea(4096, 4, 1, SIZE, fd),
                    new InflightArea(8, 0, 1, SIZE, fd),
                    new InflightArea(1 << 20, 0, 4, 4096, fd),
                    new InflightArea(4096, 0, 0, SIZE, fd),
                    new InflightArea(4096, 0, QUEUES + 1, SIZE, fd),
                    new InflightArea(4096, 0, 1, 0, fd),
                    new InflightArea(4096, 0, 1, 0xffff, fd))) {
                shouldRefuse(ready -> {}, VhostUser.SET_INFLIGHT_FD, area.payload(), fd);
            }
        }
    }

    @Test
    void shouldRefuseAnotherAreaWhileVringsRun() {
        FakeVring[] vring = new FakeVring[1];
        InflightArea[] area = new InflightArea[1];
        ready();
        area[0] = newArea(frontEnd, 1, SIZE);
        vring[0] = frontEnd.vring(0, SIZE, memory).run();
        assertThat(frontEnd.acknowledged(VhostUser.SET_INFLIGHT_FD, area[0].payload(), area[0].fd()))
                .isNotZero();
        shouldEcho(vring[0]);
        vring[0].close();
    }

    @Test
    void shouldEndTheConnectionOverAnImpossibleAreaOrWithoutTheFeature() {
        shouldEndTheConnection(
                ready -> {},
                VhostUser.GET_INFLIGHT_FD,
                new Payload().u64(0, 0).u32(QUEUES + 1 | SIZE << 16).done());
        try (FakeFrontEnd without = server.connect().negotiate(-1, ~VhostUser.PROTOCOL_F_INFLIGHT_SHMFD)) {
            without.send(
                    VhostUser.GET_INFLIGHT_FD,
                    new Payload().u64(0, 0).u32(1 | SIZE << 16).done());
            without.awaitClosed();
        }
    }
}
