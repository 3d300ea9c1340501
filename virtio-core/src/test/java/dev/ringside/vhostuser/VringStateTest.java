package dev.ringside.vhostuser;

import static dev.ringside.testing.FakeFrontEnd.vringState;
import static dev.ringside.testing.VhostUser.F_PROTOCOL_FEATURES;
import static dev.ringside.testing.VhostUser.GET_VRING_BASE;
import static dev.ringside.testing.VhostUser.SET_VRING_ENABLE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.Poll;
import dev.ringside.testing.EchoDevice.Held;
import dev.ringside.testing.FakeChain;
import dev.ringside.testing.FakeDriver.Used;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeVring;
import dev.ringside.testing.Payload;
import dev.ringside.testing.SplitDriver;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Started or stopped, enabled or disabled, each by itself; and nothing is lost on the way ("Ring states"). */
class VringStateTest extends EchoServed {
    private static final Duration A_MOMENT = Duration.ofMillis(20);

    private FakeVring vring;

    @BeforeEach
    void setUpAVring() {
        vring = ready().vring(1, 16, memory).configure();
    }

    @AfterEach
    void closeVring() {
        vring.close();
    }

    private FakeChain offer(int value) {
        return vring.driver().chain().readable((byte) value).writable(1).offer();
    }

    private void shouldBeUsed(FakeChain chain) {
        assertThat(vring.awaitUsed()).isEqualTo(new Used(chain.id(), 1));
        assertThat(chain.writable()).isEqualTo(chain.readable());
    }

    /** A stopped or disabled vring is looked at by nobody, so nothing has to be waited for. */
    private void shouldNotBeServed() {
        frontEnd.checkAlive();
        assertThat(device.running()).isZero();
        assertThat(vring.driver().takeUsed()).isNull();
    }

    @Test
    void shouldServeOnceStartedThenEnabled() {
        vring.start();
        shouldNotBeServed();
        vring.enable();
        shouldEcho(vring);
    }

    @Test
    void shouldServeOnceEnabledThenStarted() {
        vring.enable();
        shouldNotBeServed();
        vring.start();
        shouldEcho(vring);
    }

    /** What QEMU does for a network device. */
    @Test
    void shouldBearBeingEnabledBeforeAnythingElse() {
        try (FakeFrontEnd early = reconnect()) {
            frontEnd = early;
            early.setProtocolFeatures(-1 & early.getProtocolFeatures());
            early.setVringEnable(0, true);
            early.setVringEnable(0, true);
            early.setFeatures(early.getFeatures());
            early.setMemTable(memory);
            try (FakeVring first = early.vring(0, 8, memory).configure().start()) {
                shouldEcho(first);
            }
        }
    }

    @Test
    void shouldNotLoseAKickFromBeforeTheStart() {
        FakeChain chain = offer(1);
        vring.kick();
        vring.start().enable();
        shouldBeUsed(chain);
    }

    @Test
    void shouldNotLoseAKickBetweenStartAndEnable() {
        vring.start();
        FakeChain chain = offer(1);
        vring.kick();
        shouldNotBeServed();
        vring.enable();
        shouldBeUsed(chain);
    }

    /** After a reconnection the driver believes to have kicked already. */
    @Test
    void shouldLookAtTheRingWithoutAnyKick() {
        FakeChain chain = offer(1);
        vring.start().enable();
        shouldBeUsed(chain);
    }

    @Test
    void shouldLeaveTheRingAloneWhileDisabled() {
        vring.start().enable();
        shouldEcho(vring);
        vring.disable();
        FakeChain chain = offer(2);
        vring.kick();
        shouldNotBeServed();
        vring.enable();
        shouldBeUsed(chain);
    }

    @Test
    void shouldDisableOnlyWhenRequestsInFlightAreDone() {
        vring.start().enable();
        device.hold(true);
        FakeChain chain = offer(1);
        vring.kick();
        Held held = device.awaitHeld();
        frontEnd.sendNeedReply(SET_VRING_ENABLE, vringState(1, 0));
        assertThat(frontEnd.hasMessageWithin(A_MOMENT)).isFalse();
        held.release();
        assertThat(frontEnd.receive().u64()).isZero();
        shouldBeUsed(chain);
        assertThat(device.running()).isZero();
    }

    /** The driver may kick as soon as the front-end knows. */
    @Test
    void shouldSayThatItIsEnabledWhenTheQueueKnows() {
        vring.start().enable();
        device.hold(true);
        FakeChain chain = offer(1);
        vring.kick();
        Held held = device.awaitHeld();
        CompletableFuture<Void> free = new CompletableFuture<>();
        held.queue().loop().execute(free::join);
        try {
            frontEnd.sendNeedReply(SET_VRING_ENABLE, vringState(1, 1));
            assertThat(frontEnd.hasMessageWithin(A_MOMENT)).isFalse();
        } finally {
            free.complete(null);
        }
        assertThat(frontEnd.receive().u64()).isZero();
        held.release();
        shouldBeUsed(chain);
    }

    @Test
    void shouldBearBeingEnabledAndDisabledAgainAndAgain() {
        vring.start();
        for (int i = 0; i < 20; i++) {
            vring.enable().enable();
            shouldEcho(vring);
            vring.disable().disable();
        }
        assertThat(vring.stop()).isEqualTo(20);
    }

    @Test
    void shouldStayEnabledWhenStopped() {
        vring.start().enable();
        shouldEcho(vring);
        int base = vring.stop();
        assertThat(base).isEqualTo(1);
        shouldNotBeServed();
        vring.configure(base).start();
        shouldEcho(vring);
    }

    @Test
    void shouldStayDisabledWhenStopped() {
        vring.start();
        vring.stop();
        vring.start();
        shouldNotBeServed();
        vring.enable();
        shouldEcho(vring);
    }

    @Test
    void shouldReturnTheBaseWhileDisabled() {
        vring.start().enable();
        shouldEcho(vring);
        shouldEcho(vring);
        vring.disable();
        assertThat(vring.stop()).isEqualTo(2);
    }

    @Test
    void shouldDrainBeforeItReturnsTheBase() {
        vring.start().enable();
        device.hold(true);
        FakeChain first = offer(1);
        FakeChain second = offer(2);
        vring.kick();
        Held firstHeld = device.awaitHeld();
        Held secondHeld = device.awaitHeld();
        frontEnd.send(GET_VRING_BASE, vringState(1, 0));
        assertThat(frontEnd.hasMessageWithin(A_MOMENT)).isFalse();
        FakeChain late = offer(3);
        vring.kick();
        secondHeld.release();
        firstHeld.release();

        assertThat(Payload.value(frontEnd.receive().payload(), 4, 4)).isEqualTo(2);
        assertThat(device.isHolding()).as("took a chain after GET_VRING_BASE").isFalse();
        shouldBeUsed(second);
        shouldBeUsed(first);
        assertThat(vring.driver().takeUsed()).isNull();

        device.hold(false);
        vring.configure(2).start();
        shouldBeUsed(late);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 0x7fff, 0x8000, 0xfffd})
    void shouldRunFromAnyBase(int base) {
        try (FakeVring elsewhere =
                frontEnd.vring(0, new SplitDriver(memory, 4, true, new SplitDriver(memory, 4, true).address(), base))) {
            elsewhere.run();
            for (int i = 0; i < 6; i++) {
                shouldEcho(elsewhere);
            }
            assertThat(elsewhere.stop()).isEqualTo((base + 6) & 0xffff);
        }
    }

    @Test
    void shouldRestartWithAnotherSizeAndOtherRings() {
        vring.start().enable();
        shouldEcho(vring);
        vring.stop();
        try (FakeVring smaller = frontEnd.vring(1, 2, memory).configure().start()) {
            shouldEcho(smaller);
            assertThat(smaller.stop()).isEqualTo(1);
        }
    }

    @Test
    void shouldStopAVringThatNeverStarted() {
        assertThat(vring.stop()).isZero();
        assertThat(vring.stop()).isZero();
        vring.start().enable();
        shouldEcho(vring);
    }

    @Test
    void shouldListenToAnotherKickDescriptorWhileItRuns() throws Exception {
        vring.start().enable();
        shouldEcho(vring);
        try (Fd other = EventFd.create()) {
            frontEnd.setVringKick(1, other);
            FakeChain chain = offer(1);
            EventFd.signal(other);
            shouldBeUsed(chain);
        }
    }

    @Test
    void shouldCallThroughAnotherDescriptorWhileItRuns() throws Exception {
        vring.start().enable();
        shouldEcho(vring);
        try (Fd other = EventFd.create()) {
            frontEnd.setVringCall(1, other);
            vring.wasCalled(); // perhaps, for the chain before
            vring.driver().armCalls();
            offer(1);
            vring.kick();
            assertThat(Poll.readable(other, FakeFrontEnd.DEADLINE)).isTrue();
            assertThat(vring.wasCalled()).isFalse();
        }
    }

    @Test
    void shouldCallNobodyWhenTheDriverPolls() {
        vring.start().enable();
        frontEnd.setVringCallNone(1);
        FakeChain chain = offer(1);
        vring.kick();
        while (vring.driver().takeUsed() == null) {
            Thread.onSpinWait();
        }
        vring.stop();
        assertThat(chain.writable()).containsExactly(1);
        assertThat(vring.wasCalled()).isFalse();
    }

    @Test
    void shouldServeSeveralVringsOnTheirLoops() {
        try (FakeVring zero = frontEnd.vring(0, 8, memory).run();
                FakeVring two = frontEnd.vring(2, 8, memory).run();
                FakeVring three = frontEnd.vring(3, 8, memory).run()) {
            vring.start().enable();
            for (int i = 0; i < 5; i++) {
                shouldEcho(zero);
                shouldEcho(vring);
                shouldEcho(two);
                shouldEcho(three);
            }
            assertThat(device.running()).isEqualTo(4);
            two.stop();
            shouldEcho(three);
            shouldEcho(zero);
        }
    }

    @Test
    void shouldEnableAllVringsForAFrontEndWithoutProtocolFeatures() {
        try (FakeFrontEnd old = reconnect()) {
            frontEnd = old;
            old.negotiate(~F_PROTOCOL_FEATURES, 0).setMemTable(memory);
            try (FakeVring first = old.vring(0, 8, memory).configure().start();
                    FakeVring last = old.vring(3, 8, memory).configure().start()) {
                shouldEcho(first);
                shouldEcho(last);
            }
        }
    }

    @Test
    void shouldServeAVringThatWasStartedBeforeThatEnabledIt() {
        try (FakeFrontEnd old = reconnect()) {
            frontEnd = old;
            old.setOwner();
            old.setMemTable(memory);
            try (FakeVring first = old.vring(0, 8, memory).configure().start()) {
                FakeChain chain =
                        first.driver().chain().readable((byte) 1).writable(1).offer();
                old.setFeatures(1L << 32);
                assertThat(first.awaitUsed()).isEqualTo(new Used(chain.id(), 1));
            }
        }
    }
}
