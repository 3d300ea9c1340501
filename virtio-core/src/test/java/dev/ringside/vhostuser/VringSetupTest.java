package dev.ringside.vhostuser;

import static dev.ringside.testing.FakeFrontEnd.vringAddr;
import static dev.ringside.testing.FakeFrontEnd.vringState;
import static dev.ringside.testing.VhostUser.GET_VRING_BASE;
import static dev.ringside.testing.VhostUser.NOFD;
import static dev.ringside.testing.VhostUser.SET_VRING_ADDR;
import static dev.ringside.testing.VhostUser.SET_VRING_BASE;
import static dev.ringside.testing.VhostUser.SET_VRING_CALL;
import static dev.ringside.testing.VhostUser.SET_VRING_ENABLE;
import static dev.ringside.testing.VhostUser.SET_VRING_ERR;
import static dev.ringside.testing.VhostUser.SET_VRING_KICK;
import static dev.ringside.testing.VhostUser.SET_VRING_NUM;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.Pipe;
import dev.ringside.linux.Poll;
import dev.ringside.queue.VringAddress;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.FakeVring;
import dev.ringside.testing.Payload;
import dev.ringside.testing.SplitDriver;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a vring is made of, and everything about it that can be wrong. */
class VringSetupTest extends EchoServed {
    private static final long RINGS = FakeMemory.USER_ADDRESS;

    private void share(FakeFrontEnd frontEnd) {
        frontEnd.setMemTable(memory);
    }

    private void size(FakeFrontEnd frontEnd) {
        frontEnd.setMemTable(memory);
        frontEnd.setVringNum(0, 256);
    }

    @ParameterizedTest
    @ValueSource(longs = {QUEUES, QUEUES + 1, 255, 256, 65536, 0x7fff_ffff, 0x8000_0000L, 0xffff_ffffL})
    void shouldRefuseAVringIndexOutOfRange(long index) {
        shouldRefuse(this::share, SET_VRING_NUM, vringState(index, 8));
        shouldRefuse(this::share, SET_VRING_BASE, vringState(index, 0));
        shouldRefuse(this::share, SET_VRING_ENABLE, vringState(index, 1));
        shouldRefuse(this::share, SET_VRING_ADDR, vringAddr(index, new VringAddress(RINGS, RINGS, RINGS)));
        shouldEndTheConnection(this::share, GET_VRING_BASE, vringState(index, 0));
    }

    @ParameterizedTest
    @ValueSource(longs = {QUEUES, QUEUES + 1, 128, 255})
    void shouldRefuseAnEventFdForAVringIndexOutOfRange(long index) throws Exception {
        try (Fd fd = EventFd.create()) {
            for (int request : new int[] {SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR}) {
                shouldRefuse(this::share, request, new Payload().u64(index).done(), fd);
                shouldRefuse(
                        this::share, request, new Payload().u64(index | NOFD).done());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 3, 100, 255, 257, 32769, 65535, 65536, 0x8000_0000L, 0xffff_ffffL})
    void shouldRefuseASizeThatIsNoPowerOfTwoUpTo32768(long size) {
        shouldRefuse(this::share, SET_VRING_NUM, vringState(0, size));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 64, 128, 256, 1024, 32768})
    void shouldRunAVringOfAnySizeThatThereIs(int size) {
        try (FakeMemory large = FakeMemory.of(4 << 20)) {
            frontEnd.negotiate().setMemTable(large);
            try (FakeVring vring = frontEnd.vring(0, size, large).run()) {
                for (int i = 0; i < 3; i++) {
                    // A ring of one descriptor has room for a table and nothing else.
                    var chain =
                            vring.driver().chain().indirect().readable((byte) 5).writable(1);
                    assertThat(vring.roundTrip(chain).written()).isEqualTo(1);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0x10000, 0x8000_0000L, 0xffff_ffffL})
    void shouldRefuseABaseOfMoreThan16Bits(long base) {
        shouldRefuse(this::share, SET_VRING_BASE, vringState(0, base));
    }

    @Test
    void shouldReturnTheBaseThatWasSet() {
        frontEnd.negotiate();
        frontEnd.setVringBase(2, 0xfffe);
        assertThat(frontEnd.getVringBase(2)).isEqualTo(0xfffe);
        assertThat(frontEnd.getVringBase(1)).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "8, 0x2000, 0x3000", // descriptor table to 16
        "0, 0x2001, 0x3000", // avail ring to 2
        "0, 0x2000, 0x3002", // used ring to 4
    })
    void shouldRefuseMisalignedRings(String desc, String avail, String used) {
        VringAddress address =
                new VringAddress(RINGS + Long.decode(desc), RINGS + Long.decode(avail), RINGS + Long.decode(used));
        shouldRefuse(this::size, SET_VRING_ADDR, vringAddr(0, address));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 0x1000, FakeMemory.GUEST_ADDRESS, RINGS + MEMORY_BYTES, RINGS + MEMORY_BYTES - 16, -16})
    void shouldRefuseRingsOutsideMemory(long address) {
        for (VringAddress rings : new VringAddress[] {
            new VringAddress(address, RINGS, RINGS + 0x2000),
            new VringAddress(RINGS, address, RINGS + 0x2000),
            new VringAddress(RINGS, RINGS + 0x2000, address)
        }) {
            shouldRefuse(this::size, SET_VRING_ADDR, vringAddr(0, rings));
        }
    }

    /** Addresses that come before the size or before memory are looked at when the vring starts. */
    @Test
    void shouldRefuseToStartAVringWhoseRingsTurnOutToBeOutsideMemory() throws Exception {
        try (Fd fd = EventFd.create()) {
            shouldRefuse(
                    frontEnd -> {
                        frontEnd.setVringNum(0, 256);
                        frontEnd.setVringAddr(0, new VringAddress(0x1000, 0x2000, 0x3000));
                        frontEnd.setMemTable(memory);
                        frontEnd.setVringEnable(0, true);
                    },
                    SET_VRING_KICK,
                    new Payload().u64(0).done(),
                    fd);
        }
    }

    @Test
    void shouldTakeAddressesBeforeMemory() {
        frontEnd.negotiate();
        try (FakeVring vring = frontEnd.vring(0, 8, memory).configure()) {
            frontEnd.setMemTable(memory);
            vring.start().enable();
            shouldEcho(vring);
        }
    }

    @Test
    void shouldRefuseAddressesWithUnknownFlags() {
        byte[] flagged = vringAddr(0, new VringAddress(RINGS, RINGS + 0x2000, RINGS + 0x3000));
        flagged[4] = 2;
        shouldRefuse(this::size, SET_VRING_ADDR, flagged);
    }

    @Test
    void shouldRefuseAKickBeforeMemory() throws Exception {
        try (Fd fd = EventFd.create()) {
            shouldRefuse(frontEnd -> {}, SET_VRING_KICK, new Payload().u64(0).done(), fd);
        }
    }

    @Test
    void shouldRefuseToStartAVringThatIsNotSetUp() throws Exception {
        try (Fd fd = EventFd.create()) {
            shouldRefuse(
                    frontEnd -> {
                        frontEnd.setMemTable(memory);
                        frontEnd.setVringEnable(0, true);
                    },
                    SET_VRING_KICK,
                    new Payload().u64(0).done(),
                    fd);
        }
    }

    @Test
    void shouldRefuseAVringThatWouldHaveToBePolled() {
        shouldRefuse(this::size, SET_VRING_KICK, new Payload().u64(NOFD).done());
    }

    @Test
    void shouldRefuseAKickDescriptorThatIsNoEventFd() throws Exception {
        try (Pipe pipe = Pipe.create()) {
            Fd memfd = memory.regions().get(0).fd();
            for (Fd fd : new Fd[] {pipe.readEnd(), pipe.writeEnd(), memfd}) {
                shouldRefuse(this::size, SET_VRING_KICK, new Payload().u64(0).done(), fd);
            }
        }
    }

    /** User-Mode Linux does. */
    @Test
    void shouldCallThroughAPipe() throws Exception {
        ready();
        try (Pipe pipe = Pipe.create();
                FakeVring vring = frontEnd.vring(0, 8, memory).run()) {
            frontEnd.setVringCall(0, pipe.writeEnd());
            vring.driver().chain().readable((byte) 1).offer();
            vring.kick();
            assertThat(Poll.readable(pipe.readEnd(), FakeFrontEnd.DEADLINE)).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {2, 3, 0xffff_ffffL})
    void shouldRefuseToEnableWithAnythingButZeroAndOne(long value) {
        shouldRefuse(this::share, SET_VRING_ENABLE, vringState(0, value));
    }

    @ParameterizedTest
    @ValueSource(longs = {0x200, 0x1_0000_0000L, Long.MIN_VALUE})
    void shouldRefuseUnknownBitsBesideAVringIndex(long bits) throws Exception {
        try (Fd fd = EventFd.create()) {
            for (int request : new int[] {SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR}) {
                shouldRefuse(this::share, request, new Payload().u64(bits).done(), fd);
            }
        }
    }

    @Test
    void shouldRefuseToReconfigureAVringThatRuns() {
        VringAddress elsewhere = new SplitDriver(memory, 8, true).address();
        Consumer<FakeFrontEnd> running = frontEnd -> {
            frontEnd.setMemTable(memory);
            frontEnd.vring(0, 8, memory).run().close();
        };
        shouldRefuse(running, SET_VRING_NUM, vringState(0, 16));
        shouldRefuse(running, SET_VRING_BASE, vringState(0, 1));
        shouldRefuse(running, SET_VRING_ADDR, vringAddr(0, elsewhere));
    }

    /** A front-end that logs dirty pages repeats the addresses with another flag. */
    @Test
    void shouldTakeTheSameAddressesAgainWhileItRuns() {
        ready();
        try (FakeVring vring = frontEnd.vring(0, 8, memory).run()) {
            frontEnd.setVringAddr(0, vring.driver().address());
            shouldEcho(vring);
        }
    }
}
