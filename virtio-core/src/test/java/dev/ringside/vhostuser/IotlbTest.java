package dev.ringside.vhostuser;

import static dev.ringside.testing.VhostUser.ACCESS_RO;
import static dev.ringside.testing.VhostUser.ACCESS_RW;
import static dev.ringside.testing.VhostUser.ACCESS_WO;
import static dev.ringside.testing.VhostUser.F_ACCESS_PLATFORM;
import static dev.ringside.testing.VhostUser.IOTLB_INVALIDATE;
import static dev.ringside.testing.VhostUser.IOTLB_MSG;
import static dev.ringside.testing.VhostUser.IOTLB_UPDATE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.Fd;
import dev.ringside.linux.MemFd;
import dev.ringside.linux.Mmap;
import dev.ringside.linux.UnixSocket;
import dev.ringside.testing.EchoDevice;
import dev.ringside.testing.EchoDevice.Held;
import dev.ringside.testing.FakeChain;
import dev.ringside.testing.FakeDriver.Used;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeFrontEnd.InflightArea;
import dev.ringside.testing.FakeIommu;
import dev.ringside.testing.FakeIommu.Miss;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.FakeVring;
import dev.ringside.testing.VhostUser;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A device behind an IOMMU, and front-ends that tell it wrong things, or nothing. */
class IotlbTest extends EchoServed {
    private static final int SIZE = 16;
    private static final long LOG_BYTES = 4096;
    private static final long EVERYTHING = Long.MAX_VALUE;
    private static final int MANY_UPDATES = 5000;

    private static FakeChain offer(FakeVring vring, String text) {
        FakeChain chain = vring.driver()
                .chain()
                .readable(text.getBytes(UTF_8))
                .writable(text.length())
                .offer();
        vring.kick();
        return chain;
    }

    private static void shouldEcho(FakeIommu iommu, FakeVring vring) {
        FakeChain chain = offer(vring, "hello");
        assertThat(iommu.awaitUsed(vring)).isEqualTo(new Used(chain.id(), 5));
        assertThat(chain.writable()).asString().isEqualTo("hello");
    }

    // ------------------------------------------------------------------------------------------------ negotiation

    @Test
    void shouldOfferTranslationOnlyToAFrontEndThatIsReadyBeforeItOwns() {
        assertThat(frontEnd.getFeatures() & F_ACCESS_PLATFORM).isZero();
        frontEnd.setProtocolFeatures(frontEnd.getProtocolFeatures());
        frontEnd.setOwner();
        assertThat(frontEnd.getFeatures() & F_ACCESS_PLATFORM).isNotZero();
        try (FakeFrontEnd late = reconnect().negotiate()) {
            assertThat(late.getFeatures() & F_ACCESS_PLATFORM).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {IOTLB_UPDATE, IOTLB_INVALIDATE})
    void shouldRefuseMessagesWithoutTheFeature(int type) {
        shouldRefuse(silent -> {}, IOTLB_MSG, FakeIommu.message(0, 4096, 0, ACCESS_RW, type));
    }

    // -------------------------------------------------------------------------------------------------- what works

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldAskForWhatItDoesNotKnowAndGoOnWhenItIsTold(boolean packed) {
        try (FakeIommu iommu = FakeIommu.before(frontEnd, memory, packed);
                FakeVring vring = frontEnd.vring(0, SIZE, memory).run()) {
            shouldEcho(iommu, vring);
            // Nothing is asked for twice.
            FakeChain chain = offer(vring, "hello");
            assertThat(vring.awaitUsed()).isEqualTo(new Used(chain.id(), 5));
            assertThat(iommu.isAsked()).isFalse();
            assertThat(vring.stop()).isEqualTo(vring.driver().base());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldServeAChainOverManyPagesInAnIndirectTable(boolean packed) {
        byte[] text = new byte[5 * FakeIommu.PAGE + 11];
        for (int i = 0; i < text.length; i++) {
            text[i] = (byte) (i * 7);
        }
        try (FakeIommu iommu = FakeIommu.before(frontEnd, memory, packed);
                FakeVring vring = frontEnd.vring(0, SIZE, memory).run()) {
            for (int i = 0; i < 3 * SIZE; i++) {
                if (i == SIZE) {
                    iommu.invalidate(0, EVERYTHING);
                }
                FakeChain chain = vring.driver()
                        .chain()
                        .indirect()
                        .readable(text)
                        .writable(text.length)
                        .offer();
                vring.kick();
                assertThat(iommu.awaitUsed(vring)).isEqualTo(new Used(chain.id(), text.length));
                assertThat(chain.writable()).isEqualTo(text);
                if (i > 2) {
                    break;
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldAskAtOnceForAllThatAChainLacks(boolean packed) {
        int pages = 5;
        try (FakeIommu iommu = FakeIommu.before(frontEnd, memory, packed);
                FakeVring vring = frontEnd.vring(0, SIZE, memory).run()) {
            shouldEcho(iommu, vring);
            int bytes = pages * FakeIommu.PAGE;
            long address = memory.allocate(2L * bytes, FakeIommu.PAGE);
            FakeChain chain = vring.driver()
                    .chain()
                    .readableAt(address, bytes)
                    .writableAt(address + bytes, bytes)
                    .offer();
            vring.kick();
            List<Miss> misses = new ArrayList<>();
            for (int i = 0; i < 2 * pages; i++) {
                misses.add(iommu.awaitMiss());
            }
            for (int i = 0; i < 2 * pages; i++) {
                assertThat(misses.get(i))
                        .isEqualTo(new Miss(address + (long) i * FakeIommu.PAGE, i < pages ? ACCESS_RO : ACCESS_WO));
            }
            misses.forEach(iommu::answer);
            assertThat(vring.awaitUsed()).isEqualTo(new Used(chain.id(), bytes));
            assertThat(iommu.isAsked()).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldAskAgainAfterAnInvalidationOfEverything(boolean packed) {
        try (FakeIommu iommu = FakeIommu.before(frontEnd, memory, packed);
                FakeVring vring = frontEnd.vring(0, SIZE, memory).run()) {
            for (int i = 0; i < 3; i++) {
                shouldEcho(iommu, vring);
                iommu.invalidate(0, i == 1 ? 0 : EVERYTHING);
            }
            shouldEcho(iommu, vring);
            assertThat(vring.hasErr()).isFalse();
        }
    }

    @ParameterizedTest
    @CsvSource({"false,false", "false,true", "true,false", "true,true"})
    void shouldAnswerAnInvalidationOnlyWhenRequestsInFlightAreDone(boolean packed, boolean everything) {
        try (FakeIommu iommu = FakeIommu.before(frontEnd, memory, packed);
                FakeVring vring = frontEnd.vring(0, SIZE, memory).run()) {
            iommu.updateAll();
            shouldEcho(iommu, vring);
            device.hold(true);
            FakeChain chain = offer(vring, "hello");
            Held held = device.awaitHeld();
            long address = everything ? 0 : chain.buffers().get(1).address();
            iommu.sendInvalidate(address, everything ? EVERYTHING : 1);
            assertThat(frontEnd.hasMessageWithin(Duration.ofMillis(50))).isFalse();
            device.hold(false);
            held.release();
            assertThat(frontEnd.receive().u64()).isZero();
            assertThat(vring.awaitUsed()).isEqualTo(new Used(chain.id(), 5));
            shouldEcho(iommu, vring);
        }
    }

    @Test
    void shouldAnswerAnInvalidationAtOnceThatConcernsNothingInFlight() {
        try (FakeIommu iommu = FakeIommu.before(frontEnd, memory, false);
                FakeVring vring = frontEnd.vring(0, SIZE, memory).run()) {
            iommu.updateAll();
            device.hold(true);
            FakeChain chain = offer(vring, "hello");
            Held held = device.awaitHeld();
            iommu.invalidate(chain.buffers().get(1).address() + 5, 1);
            device.hold(false);
            held.release();
            assertThat(vring.awaitUsed()).isEqualTo(new Used(chain.id(), 5));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldUseTheMappingThatCameLast(boolean packed) {
        try (FakeIommu iommu = FakeIommu.before(frontEnd, memory, packed);
                FakeVring vring = frontEnd.vring(0, SIZE, memory).run()) {
            iommu.updateAll();
            shouldEcho(iommu, vring);
            long other = memory.allocate(FakeIommu.PAGE, FakeIommu.PAGE);
            memory.put(other, "world".getBytes(UTF_8));
            FakeChain chain = vring.driver()
                    .chain()
                    .readableAt(FakeMemory.GUEST_ADDRESS * 0x100, 5)
                    .writable(5)
                    .offer();
            assertThat(iommu.update(
                            FakeMemory.GUEST_ADDRESS * 0x100, FakeIommu.PAGE, memory.userAddress(other), ACCESS_RO))
                    .isZero();
            vring.kick();
            assertThat(vring.awaitUsed()).isEqualTo(new Used(chain.id(), 5));
            assertThat(memory.get(chain.buffers().get(1).address(), 5))
                    .asString()
                    .isEqualTo("world");
        }
    }

    // ------------------------------------------------------------------------------------------ what is wrong, or not

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldStopAVringWhoseMissIsNeverAnswered(boolean packed) {
        try (FakeIommu iommu = FakeIommu.before(frontEnd, memory, packed);
                FakeVring vring = frontEnd.vring(0, SIZE, memory).run()) {
            shouldEcho(iommu, vring);
            int base = vring.driver().base();
            iommu.invalidate(memory.regions().get(0).mapping().guestAddress(), MEMORY_BYTES);
            offer(vring, "hello");
            iommu.awaitMiss();
            // The chain is still available, so that whoever serves the ring next finds it.
            assertThat(vring.stop()).isEqualTo(base);
        }
    }

    /** A chain that nothing is known of is not in flight, and not recorded so. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldRecordNothingOfAChainThatIsNotTranslated(boolean packed) {
        try (FakeIommu iommu = FakeIommu.before(frontEnd, memory, packed)) {
            InflightArea area = frontEnd.getInflightFd(QUEUES, SIZE);
            frontEnd.setInflightFd(area);
            try (FakeVring vring = frontEnd.vring(0, SIZE, memory).run();
                    Fd fd = area.fd()) {
                assertThat(fd.value()).isNotNegative();
                shouldEcho(iommu, vring);
                int base = vring.driver().base();
                iommu.invalidate(memory.regions().get(0).mapping().guestAddress(), MEMORY_BYTES);
                FakeChain chain = offer(vring, "hello");
                iommu.awaitMiss();
                assertThat(vring.stop()).isEqualTo(base);
                iommu.updateAll();
                vring.configure(base).start();
                assertThat(iommu.awaitUsed(vring)).isEqualTo(new Used(chain.id(), 5));
                for (int i = 0; i < 2 * SIZE; i++) {
                    iommu.invalidate(memory.regions().get(0).mapping().guestAddress(), MEMORY_BYTES);
                    shouldEcho(iommu, vring);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldMarkGuestPhysicalAddressesInTheLog(boolean packed) throws Exception {
        try (FakeIommu iommu = FakeIommu.before(frontEnd, memory, packed);
                Fd fd = MemFd.create("log", LOG_BYTES);
                Arena arena = Arena.ofConfined();
                FakeVring vring = frontEnd.vring(0, SIZE, memory).run()) {
            shouldEcho(iommu, vring);
            MemorySegment log = Mmap.shared(fd, 0, LOG_BYTES, arena);
            frontEnd.setLogBase(LOG_BYTES, 0, fd);
            frontEnd.setFeatures(frontEnd.features() | VhostUser.F_LOG_ALL);
            // As QEMU does it: an I/O virtual address, which is beyond the log.
            frontEnd.set(
                    VhostUser.SET_VRING_ADDR,
                    FakeFrontEnd.loggedVringAddr(
                            0,
                            vring.driver().address(),
                            vring.driver().address().used()));
            FakeChain chain = offer(vring, "hello");
            assertThat(iommu.awaitUsed(vring).id()).isEqualTo(chain.id());
            vring.stop();
            long used = memory.regions().get(0).mapping().guestAddress()
                    + (vring.driver().address().used() - FakeMemory.USER_ADDRESS);
            for (long address : new long[] {chain.buffers().get(1).address(), used}) {
                long page = address / FakeIommu.PAGE;
                assertThat(log.get(ValueLayout.JAVA_BYTE, page / 8) >> (page % 8) & 1)
                        .as("page of %#x", address)
                        .isEqualTo(1);
            }
        }
    }

    @Test
    void shouldStopAVringWhoseRingIsNeverTranslated() {
        try (FakeIommu iommu = FakeIommu.before(frontEnd, memory, false);
                FakeVring vring = frontEnd.vring(0, SIZE, memory).run()) {
            iommu.awaitMiss();
            assertThat(vring.stop()).isZero();
        }
    }

    @Test
    void shouldNotTakeAWrongPermissionForARightOne() {
        try (FakeIommu iommu = FakeIommu.before(frontEnd, memory, false);
                FakeVring vring = frontEnd.vring(0, SIZE, memory).run()) {
            shouldEcho(iommu, vring);
            FakeChain chain = vring.driver()
                    .chain()
                    .readableAt(FakeMemory.GUEST_ADDRESS, 5)
                    .writableAt(0x7000_0000, 5)
                    .offer();
            iommu.update(0x7000_0000, FakeIommu.PAGE, FakeMemory.USER_ADDRESS, ACCESS_RO);
            vring.kick();
            Miss miss = iommu.awaitMiss();
            while (miss.address() != 0x7000_0000) {
                iommu.answer(miss);
                miss = iommu.awaitMiss();
            }
            assertThat(miss.access()).isEqualTo(ACCESS_WO);
            // Told the same once more: it waits, and asks for nothing in a circle.
            iommu.update(0x7000_0000, FakeIommu.PAGE, FakeMemory.USER_ADDRESS, ACCESS_RO);
            assertThat(iommu.isAsked()).isFalse();
            assertThat(vring.driver().takeUsed()).isNull();
            iommu.update(0x7000_0000, FakeIommu.PAGE, FakeMemory.USER_ADDRESS + 2 * FakeIommu.PAGE, ACCESS_WO);
            assertThat(iommu.awaitUsed(vring).id()).isEqualTo(chain.id());
        }
    }

    @Test
    void shouldRejectAChainWhoseTranslationLeadsOutsideTheMemoryTable() {
        try (FakeIommu iommu = FakeIommu.before(frontEnd, memory, false);
                FakeVring vring = frontEnd.vring(0, SIZE, memory).run()) {
            iommu.updateAll();
            assertThat(iommu.update(0x7000_0000, FakeIommu.PAGE, 0x1000, ACCESS_RW))
                    .isZero();
            FakeChain chain = vring.driver()
                    .chain()
                    .readableAt(0x7000_0000, 5)
                    .writable(5)
                    .offer();
            vring.kick();
            assertThat(vring.awaitUsed()).isEqualTo(new Used(chain.id(), EchoDevice.REJECTED));
            shouldEcho(iommu, vring);
        }
    }

    @Test
    void shouldBreakAVringWhoseRingIsTranslatedOutsideTheMemoryTable() {
        try (FakeIommu iommu = FakeIommu.before(frontEnd, memory, false);
                FakeVring vring = frontEnd.vring(0, SIZE, memory).run()) {
            Miss miss = iommu.awaitMiss();
            assertThat(iommu.update(miss.page(), MEMORY_BYTES, 0x1000, ACCESS_RW))
                    .isNotZero();
            vring.awaitErr();
            frontEnd.checkAlive();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, 0, 3", // size 0
        "0, -1, 0, 3",
        "-4096, 4096, 0, 3", // ends with the address space
        "0x7ffffffffffff000, 0x1000, 0, 3", // wraps around, as we count
        "0, 4096, -1, 3",
        "0, 0x2000, 0x7ffffffffffff000, 3",
        "0, 4096, 0, 0",
        "0, 4096, 0, 4"
    })
    void shouldRefuseAnUpdateThatMakesNoSense(String address, String size, String user, int access) {
        try (FakeIommu iommu = FakeIommu.before(frontEnd, memory, false)) {
            assertThat(iommu.update(Long.decode(address), Long.decode(size), Long.decode(user), access))
                    .isNotZero();
            frontEnd.checkAlive();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4, 5, 255})
    void shouldRefuseAnyOtherType(int type) {
        try (FakeIommu iommu = FakeIommu.before(frontEnd, memory, false)) {
            assertThat(frontEnd.acknowledged(IOTLB_MSG, FakeIommu.message(0, 4096, 0, ACCESS_RW, type)))
                    .isNotZero();
            assertThat(iommu.isAsked()).isFalse();
        }
    }

    @Test
    void shouldBearInvalidationsThatWrapAround() {
        try (FakeIommu iommu = FakeIommu.before(frontEnd, memory, false);
                FakeVring vring = frontEnd.vring(0, SIZE, memory).run()) {
            for (long[] range : new long[][] {{-1, -1}, {EVERYTHING, 1}, {1, EVERYTHING}, {0, -1}, {-4096, 8192}}) {
                iommu.invalidate(range[0], range[1]);
                shouldEcho(iommu, vring);
            }
        }
    }

    @Test
    void shouldBearAFloodOfUpdatesThatNobodyAskedFor() {
        try (FakeIommu iommu = FakeIommu.before(frontEnd, memory, false);
                FakeVring vring = frontEnd.vring(0, SIZE, memory).run()) {
            List<Long> refused = new ArrayList<>();
            // Overlapping ones among them, and more than are kept.
            for (long i = 0; i < 70_000; i++) {
                byte[] update = FakeIommu.message(0x7_0000_0000L + i * 4096, 4097, i, ACCESS_RW, IOTLB_UPDATE);
                if (i % 64 == 0) {
                    refused.add(frontEnd.acknowledged(IOTLB_MSG, update));
                } else {
                    frontEnd.send(IOTLB_MSG, update);
                }
            }
            assertThat(refused).containsOnly(0L);
            shouldEcho(iommu, vring);
        }
    }

    /** Each update, of a byte, brings about another miss, so that what waits to be read would have no bound. */
    @Test
    void shouldGiveUpABackChannelThatNobodyReads() throws Exception {
        UnixSocket[] pair = UnixSocket.pair();
        try (FakeIommu iommu = FakeIommu.before(frontEnd, memory, false);
                UnixSocket unread = pair[0];
                FakeVring vring = frontEnd.vring(0, SIZE, memory)) {
            try (UnixSocket theirs = pair[1]) {
                frontEnd.setBackendReqFd(theirs.fd());
            }
            iommu.updateAll();
            vring.run();
            vring.driver().chain().writableAt(0x7000_0000, 2 * MANY_UPDATES).offer();
            vring.kick();
            for (int i = 0; i < MANY_UPDATES; i++) {
                assertThat(iommu.update(0x7000_0000 + i, 1, FakeMemory.USER_ADDRESS + i, ACCESS_WO))
                        .isZero();
            }
            assertThat(bytesUntilTheEnd(unread)).isPositive().isLessThan(MANY_UPDATES * 44L / 2);
            // Nobody can be asked any more; to be told, and to stop, it takes no question.
            assertThat(iommu.update(0x7000_0000, 2 * MANY_UPDATES, FakeMemory.USER_ADDRESS, ACCESS_RW))
                    .isZero();
            assertThat(vring.awaitUsed().written()).isZero();
            vring.stop();
        }
    }

    private static long bytesUntilTheEnd(UnixSocket socket) throws Exception {
        long bytes = 0;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(1 << 16);
            while (true) {
                assertThat(socket.await(true, (int) FakeFrontEnd.DEADLINE.toMillis()))
                        .as("ended")
                        .isTrue();
                int count = socket.receive(buffer, new ArrayList<>());
                if (count == 0) {
                    return bytes;
                }
                bytes += count;
            }
        }
    }
}
