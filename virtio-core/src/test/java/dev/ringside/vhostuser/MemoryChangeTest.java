package dev.ringside.vhostuser;

import static dev.ringside.testing.FakeFrontEnd.fds;
import static dev.ringside.testing.FakeFrontEnd.regions;
import static dev.ringside.testing.FakeFrontEnd.singleRegion;
import static dev.ringside.testing.VhostUser.REM_MEM_REG;
import static dev.ringside.testing.VhostUser.SET_MEM_TABLE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.Fd;
import dev.ringside.testing.EchoDevice.Held;
import dev.ringside.testing.FakeChain;
import dev.ringside.testing.FakeDriver.Used;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.FakeVring;
import dev.ringside.testing.Payload;
import dev.ringside.testing.ProcSelf;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The memory table changes while vrings run and requests are in flight. */
class MemoryChangeTest extends EchoServed {
    private static final long GIB = 1L << 30;

    /** Long enough for an answer that comes too early, and too short to be noticed. */
    private static final Duration A_MOMENT = Duration.ofMillis(20);

    private FakeVring vring;

    @BeforeEach
    void runAVring() {
        vring = ready().vring(0, 16, memory).run();
    }

    @AfterEach
    void closeVring() {
        vring.close();
    }

    private FakeChain offer() {
        FakeChain chain = vring.driver().chain().readable((byte) 7).writable(1).offer();
        vring.kick();
        return chain;
    }

    private static void shouldBeEchoed(FakeChain chain, Used used) {
        assertThat(used).isEqualTo(new Used(chain.id(), 1));
        assertThat(chain.writable()).containsExactly(7);
    }

    @Test
    void shouldSwapTheTableUnderARunningVring() {
        for (int i = 0; i < 10; i++) {
            frontEnd.setMemTable(memory);
            shouldEcho(vring);
        }
        assertThat(vring.hasErr()).isFalse();
    }

    @Test
    void shouldUnmapTheTableBefore() {
        long mappings = ProcSelf.now().mappings();
        frontEnd.setMemTable(memory);
        frontEnd.setMemTable(memory);
        assertThat(ProcSelf.now().mappings()).isEqualTo(mappings);
    }

    private static byte[] table(List<FakeMemory.Region> regions) {
        Payload table = new Payload().u32(regions.size(), 0);
        for (FakeMemory.Region region : regions) {
            table.u64(
                    region.mapping().guestAddress(),
                    region.mapping().size(),
                    region.mapping().userAddress(),
                    region.mmapOffset());
        }
        return table.done();
    }

    /** Tables that have some regions in common, in turn, with I/O in between. */
    @Test
    void shouldHoldNoMoreAfterManyTablesThanAfterOne() {
        for (int i = 1; i < 8; i++) {
            memory.region(i * GIB, i * 16L * GIB, 4096);
        }
        List<FakeMemory.Region> all = memory.regions();
        List<List<FakeMemory.Region>> tables =
                List.of(all, all.subList(0, 2), List.of(all.get(7), all.get(0)), all.subList(0, 1));
        frontEnd.setMemTable(memory);
        shouldEcho(vring);
        ProcSelf before = ProcSelf.now();
        for (int i = 0; i < 1000; i++) {
            List<FakeMemory.Region> regions = tables.get(i % tables.size());
            Fd[] fds = regions.stream().map(FakeMemory.Region::fd).toArray(Fd[]::new);
            assertThat(frontEnd.acknowledged(SET_MEM_TABLE, table(regions), fds))
                    .isZero();
            shouldEcho(vring);
        }
        assertThat(vring.hasErr()).isFalse();
        frontEnd.setMemTable(memory);
        ProcSelf.awaitNoMoreThan(before);
    }

    @Test
    void shouldAnswerSetMemTableOnlyWhenRequestsInFlightAreDone() {
        device.hold(true);
        FakeChain first = offer();
        Held held = device.awaitHeld();
        FakeChain second = offer();
        Held alsoHeld = device.awaitHeld();
        long mappings = ProcSelf.now().mappings();

        frontEnd.sendNeedReply(SET_MEM_TABLE, regions(memory), fds(memory));
        assertThat(frontEnd.hasMessageWithin(A_MOMENT)).isFalse();
        alsoHeld.release();
        assertThat(frontEnd.hasMessageWithin(A_MOMENT)).isFalse();
        held.release();

        assertThat(frontEnd.receive().u64()).isZero();
        assertThat(ProcSelf.now().mappings()).isEqualTo(mappings);
        shouldBeEchoed(second, vring.awaitUsed());
        shouldBeEchoed(first, vring.awaitUsed());
        device.hold(false);
        shouldEcho(vring);
    }

    @Test
    void shouldServeAfterTheChangeWhatWasOfferedDuringIt() {
        device.hold(true);
        FakeChain before = offer();
        Held held = device.awaitHeld();
        device.hold(false);
        frontEnd.sendNeedReply(SET_MEM_TABLE, regions(memory), fds(memory));
        assertThat(frontEnd.hasMessageWithin(A_MOMENT)).isFalse();

        FakeChain during = offer();
        held.release();

        shouldBeEchoed(before, vring.awaitUsed());
        shouldBeEchoed(during, vring.awaitUsed());
        assertThat(frontEnd.receive().u64()).isZero();
    }

    @Test
    void shouldMoveTheVringToOtherMemory() {
        try (FakeMemory other = new FakeMemory().region(0x5000_0000L, FakeMemory.USER_ADDRESS, MEMORY_BYTES)) {
            shouldEcho(vring);
            // The same rings, at the same user addresses of other memory.
            long ring = vring.splitDriver().address().desc();
            int bytes = 0x1000;
            other.atUser(ring, bytes).copyFrom(memory.atUser(ring, bytes));
            frontEnd.setMemTable(other);

            assertThat(vring.stop()).isEqualTo(1);
            memory.atUser(ring, bytes).fill((byte) 0xff);
            vring.configure(1);
            assertThat(vring.hasErr()).isFalse();
        }
    }

    @Test
    void shouldStopAVringThatIsNotInTheNewTable() {
        try (FakeMemory elsewhere = new FakeMemory().region(GIB, GIB, MEMORY_BYTES)) {
            frontEnd.setMemTable(elsewhere);
            vring.awaitErr();
            offer();
            assertThat(vring.stop()).isZero();
            assertThat(vring.driver().takeUsed()).isNull();
        }
    }

    @Test
    void shouldAddARegionWhileRequestsAreInFlight() {
        device.hold(true);
        FakeChain first = offer();
        Held held = device.awaitHeld();
        device.hold(false);

        memory.region(GIB, 16 * GIB, 4096);
        frontEnd.addMemReg(memory.regions().get(1));
        memory.put(GIB, (byte) 7);
        FakeChain second = vring.driver().chain().readableAt(GIB, 1).writable(1).offer();
        vring.kick();
        shouldBeEchoed(second, vring.awaitUsed());

        held.release();
        shouldBeEchoed(first, vring.awaitUsed());
    }

    @Test
    void shouldAnswerRemMemRegOnlyWhenRequestsInFlightAreDone() {
        memory.region(GIB, 16 * GIB, 4096);
        frontEnd.addMemReg(memory.regions().get(1));
        long mappings = ProcSelf.now().mappings();
        device.hold(true);
        memory.put(GIB, (byte) 7);
        FakeChain chain = vring.driver().chain().readableAt(GIB, 1).writable(1).offer();
        vring.kick();
        Held held = device.awaitHeld();

        frontEnd.sendNeedReply(REM_MEM_REG, singleRegion(memory.regions().get(1)));
        assertThat(frontEnd.hasMessageWithin(A_MOMENT)).isFalse();
        assertThat(ProcSelf.now().mappings()).isEqualTo(mappings);
        held.release();

        assertThat(frontEnd.receive().u64()).isZero();
        assertThat(ProcSelf.now().mappings()).isEqualTo(mappings - 1);
        shouldBeEchoed(chain, vring.awaitUsed());
    }

    @Test
    void shouldMoveAVringThatIsPaused() {
        vring.disable();
        frontEnd.setMemTable(memory);
        FakeChain chain = offer();
        vring.enable();
        shouldBeEchoed(chain, vring.awaitUsed());
    }
}
