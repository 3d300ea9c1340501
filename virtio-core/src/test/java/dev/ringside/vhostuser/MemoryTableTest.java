package dev.ringside.vhostuser;

import static dev.ringside.testing.FakeFrontEnd.singleRegion;
import static dev.ringside.testing.VhostUser.ADD_MEM_REG;
import static dev.ringside.testing.VhostUser.REM_MEM_REG;
import static dev.ringside.testing.VhostUser.SET_MEM_TABLE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import dev.ringside.linux.MemFd;
import dev.ringside.linux.Pipe;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.FakeMemory.Region;
import dev.ringside.testing.FakeVring;
import dev.ringside.testing.Payload;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** SET_MEM_TABLE, ADD_MEM_REG and REM_MEM_REG, and what they refuse. */
class MemoryTableTest extends EchoServed {
    private static final long GIB = 1L << 30;
    private static final int SLOTS = 509;
    private static final long HALF_OF_ALL = 8L << 40;
    /** Of the first region, where no ring lies. */
    private static final long LAST_BYTES = FakeMemory.GUEST_ADDRESS + MEMORY_BYTES - 3;

    /** A region's description with any numbers. */
    private static byte[] described(long guestAddress, long size, long userAddress, long mmapOffset) {
        return new Payload().u64(0, guestAddress, size, userAddress, mmapOffset).done();
    }

    private Fd memfd() {
        return memory.regions().get(0).fd();
    }

    /** A vring whose rings are in the first region can use buffers anywhere. */
    private void shouldEchoFrom(FakeFrontEnd frontEnd, FakeMemory all, long address) {
        try (FakeVring vring = frontEnd.vring(1, 8, all).run()) {
            all.put(address, (byte) 1, (byte) 2, (byte) 3);
            var chain =
                    vring.driver().chain().readableAt(address, 3).writable(3).offer();
            vring.kick();
            assertThat(vring.awaitUsed().written()).isEqualTo(3);
            assertThat(chain.writable()).containsExactly(1, 2, 3);
            vring.stop();
        }
    }

    @Test
    void shouldTakeATableOfEightRegions() {
        for (int i = 1; i < 8; i++) {
            memory.region(i * GIB, i * 16L * GIB, 0x10000);
        }
        ready();
        for (int i = 1; i < 8; i++) {
            shouldEchoFrom(frontEnd, memory, i * GIB + 0x10000 - 3);
        }
    }

    @Test
    void shouldEndTheConnectionOnATableOfNineRegions() {
        for (int i = 1; i < 9; i++) {
            memory.region(i * GIB, i * 16L * GIB, 0x10000);
        }
        frontEnd.negotiate();
        frontEnd.sendNeedReply(SET_MEM_TABLE, FakeFrontEnd.regions(memory), FakeFrontEnd.fds(memory));
        frontEnd.awaitClosed();
    }

    @Test
    void shouldRefuseATableThatCountsMoreRegionsThanItHas() {
        byte[] two = FakeFrontEnd.regions(memory);
        two[0] = 2;
        shouldRefuse(frontEnd -> {}, SET_MEM_TABLE, two, memfd(), memfd());
    }

    @Test
    void shouldRefuseATableThatCountsMoreRegionsThanDescriptors() {
        try (FakeMemory three = FakeMemory.of(4096).region(GIB, GIB, 4096).region(2 * GIB, 2 * GIB, 4096)) {
            shouldRefuse(frontEnd -> {}, SET_MEM_TABLE, FakeFrontEnd.regions(three), memfd(), memfd());
        }
    }

    @Test
    void shouldTakeAnEmptyTable() {
        ready();
        try (FakeMemory none = new FakeMemory()) {
            frontEnd.setMemTable(none);
        }
        frontEnd.setMemTable(memory);
        shouldEchoFrom(frontEnd, memory, LAST_BYTES);
    }

    @Test
    void shouldReachMemoryAbove4GiBInASparseRegionOf3GiB() {
        memory.region(5 * GIB, 100 * GIB, 3 * GIB);
        ready();
        shouldEchoFrom(frontEnd, memory, 5 * GIB);
        shouldEchoFrom(frontEnd, memory, 8 * GIB - 3);
    }

    @Test
    void shouldReachARegionAtAnOffsetInItsFile() {
        memory.region(GIB, 16 * GIB, 0x10000, 0x20_0000);
        ready();
        shouldEchoFrom(frontEnd, memory, GIB + 0x8000);
    }

    /** libblkio adds whatever it has allocated. */
    @Test
    void shouldTakeASizeThatIsNoMultipleOfAPage() {
        frontEnd.negotiate();
        try (FakeMemory odd = FakeMemory.of(0x7620)) {
            frontEnd.addMemReg(odd.regions().get(0));
            shouldEchoFrom(frontEnd, odd, FakeMemory.GUEST_ADDRESS + 0x7620 - 3);
        }
    }

    @Test
    void shouldAddRegionsOneByOne() {
        memory.region(GIB, 16 * GIB, 0x10000).region(2 * GIB, 32 * GIB, 0x10000);
        frontEnd.negotiate();
        memory.regions().forEach(frontEnd::addMemReg);
        shouldEchoFrom(frontEnd, memory, LAST_BYTES);
        shouldEchoFrom(frontEnd, memory, GIB);
        shouldEchoFrom(frontEnd, memory, 2 * GIB);
    }

    @Test
    void shouldAddToATable() {
        ready();
        memory.region(GIB, 16 * GIB, 0x10000);
        frontEnd.addMemReg(memory.regions().get(1));
        shouldEchoFrom(frontEnd, memory, GIB);
    }

    /** QEMU 7.2 adds each region once for each queue pair of a NIC. */
    @Test
    void shouldKeepARegionUntilItIsRemovedAsOftenAsItWasAdded() {
        frontEnd.negotiate();
        Region region = memory.regions().get(0);
        frontEnd.addMemReg(region);
        frontEnd.addMemReg(region);
        assertThat(frontEnd.acknowledged(REM_MEM_REG, singleRegion(region))).isZero();
        shouldEchoFrom(frontEnd, memory, LAST_BYTES);
        assertThat(frontEnd.acknowledged(REM_MEM_REG, singleRegion(region))).isZero();
        assertThat(frontEnd.acknowledged(REM_MEM_REG, singleRegion(region))).isNotZero();
    }

    @Test
    void shouldRefuseTheRegionBeyondTheLastSlot() {
        frontEnd.negotiate();
        for (int i = 0; i < SLOTS; i++) {
            byte[] page = described(i * GIB, 4096, i * GIB, 0);
            assertThat(frontEnd.acknowledged(ADD_MEM_REG, page, memfd())).isZero();
        }
        assertThat(frontEnd.acknowledged(ADD_MEM_REG, described(SLOTS * GIB, 4096, SLOTS * GIB, 0), memfd()))
                .isNotZero();
        assertThat(frontEnd.acknowledged(REM_MEM_REG, described(7 * GIB, 4096, 7 * GIB, 0)))
                .isZero();
        assertThat(frontEnd.acknowledged(ADD_MEM_REG, described(SLOTS * GIB, 4096, SLOTS * GIB, 0), memfd()))
                .isZero();
    }

    /** More address space than any guest needs, and all that one front-end can take of it. */
    @Test
    void shouldRefuseMoreThan16TiB() throws Exception {
        frontEnd.negotiate();
        try (Fd sparse = MemFd.create("sparse", HALF_OF_ALL)) {
            assertThat(frontEnd.acknowledged(ADD_MEM_REG, described(0, HALF_OF_ALL, 0, 0), sparse))
                    .isZero();
            byte[] second = described(HALF_OF_ALL, HALF_OF_ALL, HALF_OF_ALL, 0);
            assertThat(frontEnd.acknowledged(ADD_MEM_REG, second, sparse)).isZero();
            byte[] beyond = described(2 * HALF_OF_ALL, 4096, 2 * HALF_OF_ALL, 0);
            assertThat(frontEnd.acknowledged(ADD_MEM_REG, beyond, sparse)).isNotZero();
            assertThat(frontEnd.acknowledged(REM_MEM_REG, second)).isZero();
            assertThat(frontEnd.acknowledged(ADD_MEM_REG, beyond, sparse)).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {HALF_OF_ALL, HALF_OF_ALL + 1})
    void shouldRefuseATableOfMoreThan16TiB(long size) throws Exception {
        frontEnd.negotiate();
        try (Fd sparse = MemFd.create("sparse", size)) {
            byte[] table = new Payload()
                    .u32(2, 0)
                    .u64(0, HALF_OF_ALL, 0, 0)
                    .u64(HALF_OF_ALL, size, HALF_OF_ALL, 0)
                    .done();
            assertThat(frontEnd.acknowledged(SET_MEM_TABLE, table, sparse, sparse) == 0)
                    .isEqualTo(size == HALF_OF_ALL);
        }
    }

    @Test
    void shouldRemoveARegion() {
        memory.region(GIB, 16 * GIB, 0x10000);
        ready();
        shouldEchoFrom(frontEnd, memory, GIB);
        frontEnd.remMemReg(memory.regions().get(1));
        try (FakeVring vring = frontEnd.vring(0, 8, memory).run()) {
            vring.driver().chain().readableAt(GIB, 3).offer();
            vring.kick();
            assertThat(vring.awaitUsed().written())
                    .as("no such memory any more")
                    .isEqualTo(0xdead);
            shouldEcho(vring);
        }
    }

    /** libblkio sends it along, to be closed. */
    @Test
    void shouldRemoveARegionThatComesWithItsDescriptor() {
        memory.region(GIB, 16 * GIB, 0x10000);
        ready();
        Region second = memory.regions().get(1);
        assertThat(frontEnd.acknowledged(REM_MEM_REG, singleRegion(second), second.fd()))
                .isZero();
        frontEnd.addMemReg(second);
        shouldEchoFrom(frontEnd, memory, GIB);
    }

    @Test
    void shouldIgnoreTheOffsetOfARegionToRemove() {
        ready();
        assertThat(frontEnd.acknowledged(
                        REM_MEM_REG,
                        described(FakeMemory.GUEST_ADDRESS, MEMORY_BYTES, FakeMemory.USER_ADDRESS, 0x1234000)))
                .isZero();
    }

    @ParameterizedTest
    @CsvSource({"1, 0, 0", "0, 1, 0", "0, 0, 1", "0, 0, -4096"})
    void shouldRefuseToRemoveAnUnknownRegion(long guest, long user, long size) {
        shouldRefuse(
                frontEnd -> frontEnd.setMemTable(memory),
                REM_MEM_REG,
                described(FakeMemory.GUEST_ADDRESS + guest, MEMORY_BYTES + size, FakeMemory.USER_ADDRESS + user, 0));
    }

    @Test
    void shouldRefuseToRemoveARegionTwice() {
        ready();
        byte[] region = singleRegion(memory.regions().get(0));
        assertThat(frontEnd.acknowledged(REM_MEM_REG, region)).isZero();
        assertThat(frontEnd.acknowledged(REM_MEM_REG, region)).isNotZero();
        frontEnd.checkAlive();
    }

    /** Offsets from the region that is there, of 1 MiB. */
    @ParameterizedTest
    @CsvSource({
        "0, 0, 0x100000", // the same place, another file
        "-0x1000, 0x10000000, 0x1001", // its first byte in guest addresses
        "0xfffff, 0x10000000, 0x1000", // its last
        "0x10000000, -0x1000, 0x1001", // its first byte in user addresses
        "0x10000000, 0xfffff, 0x1000", // its last
        "0x1000, 0x10000000, 0x1000", // within
        "-0x1000, 0x10000000, 0x200000" // around
    })
    void shouldRefuseARegionThatOverlaps(String guest, String user, String size) throws Exception {
        try (Fd big = MemFd.create("big", 1 << 22)) {
            shouldRefuse(
                    frontEnd -> frontEnd.setMemTable(memory),
                    ADD_MEM_REG,
                    described(
                            FakeMemory.GUEST_ADDRESS + Long.decode(guest),
                            Long.decode(size),
                            FakeMemory.USER_ADDRESS + Long.decode(user),
                            0),
                    big);
        }
    }

    @Test
    void shouldTakeRegionsThatAdjoin() {
        ready();
        long size = MEMORY_BYTES;
        byte[] behind = described(FakeMemory.GUEST_ADDRESS + size, size, FakeMemory.USER_ADDRESS + size, 0);
        assertThat(frontEnd.acknowledged(ADD_MEM_REG, behind, memfd())).isZero();
        byte[] before = described(0, FakeMemory.GUEST_ADDRESS, FakeMemory.USER_ADDRESS - FakeMemory.GUEST_ADDRESS, 0);
        assertThat(frontEnd.acknowledged(ADD_MEM_REG, before, memfd())).isZero();
    }

    @Test
    void shouldKeepTheTableBeforeARefusedOne() {
        ready();
        byte[] twice = new Payload()
                .u32(2, 0)
                .u64(0, 4096, 0, 0)
                .u64(4095, 4096, GIB, 0)
                .done();
        assertThat(frontEnd.acknowledged(SET_MEM_TABLE, twice, memfd(), memfd()))
                .isNotZero();
        shouldEchoFrom(frontEnd, memory, LAST_BYTES);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, 0, 0", // no bytes
        "0, -1, 0, 0",
        "0, 0x8000000000000000, 0, 0",
        "0, 0x100001, 0, 0", // a byte more than the file
        "0, 0x100000, 0, 1",
        "0, 0x1000, 0, 0x100000",
        "0, 0x1000, 0, 0xfffffffffffff000", // beyond all 64 bits
        "0, 0x1000, 0, 0x7ffffffffffff001",
        "0, 0x7fffffffffffffff, 0, 0x1000",
        "0xfffffffffffff000, 0x1000, 0, 0",
        "0x7ffffffffffff001, 0x1000, 0, 0",
        "0, 0x1000, 0xfffffffffffff000, 0",
        "0, 0x1000, 0x7ffffffffffff001, 0",
    })
    void shouldRefuseNumbersThatMakeNoSense(String guest, String size, String user, String offset) {
        byte[] region = described(number(guest), number(size), number(user), number(offset));
        shouldRefuse(frontEnd -> {}, ADD_MEM_REG, region, memfd());
        shouldRefuse(
                frontEnd -> {},
                SET_MEM_TABLE,
                new Payload()
                        .u32(1, 0)
                        .u64(number(guest), number(size), number(user), number(offset))
                        .done(),
                memfd());
    }

    private static long number(String text) {
        return text.startsWith("0x") ? Long.parseUnsignedLong(text.substring(2), 16) : Long.parseLong(text);
    }

    @Test
    void shouldRefuseADirectory(@TempDir Path directory) throws Exception {
        try (Fd fd = HostFile.open(directory, HostFile.O_RDONLY)) {
            shouldRefuse(frontEnd -> {}, ADD_MEM_REG, described(0, 4096, 0, 0), fd);
        }
    }

    @Test
    void shouldRefuseAPipe() throws Exception {
        try (Pipe pipe = Pipe.create()) {
            shouldRefuse(frontEnd -> {}, ADD_MEM_REG, described(0, 4096, 0, 0), pipe.readEnd());
        }
    }

    @Test
    void shouldRefuseAFileThatCannotBeReadAndWritten(@TempDir Path directory) throws Exception {
        Path file = Files.write(directory.resolve("file"), new byte[4096]);
        for (int flags : new int[] {HostFile.O_RDONLY, 1 /* O_WRONLY */}) {
            try (Fd fd = HostFile.open(file, flags)) {
                shouldRefuse(frontEnd -> {}, ADD_MEM_REG, described(0, 4096, 0, 0), fd);
            }
        }
    }

    @Test
    void shouldNotGrowAShortFile(@TempDir Path directory) throws Exception {
        Path file = Files.write(directory.resolve("file"), new byte[4096]);
        try (Fd fd = HostFile.open(file, HostFile.O_RDWR)) {
            shouldRefuse(frontEnd -> {}, ADD_MEM_REG, described(0, 8192, 0, 0), fd);
        }
        assertThat(Files.size(file)).isEqualTo(4096);
    }
}
