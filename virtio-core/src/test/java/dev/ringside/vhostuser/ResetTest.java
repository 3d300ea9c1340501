package dev.ringside.vhostuser;

import static dev.ringside.testing.VhostUser.RESET_DEVICE;
import static dev.ringside.testing.VhostUser.SET_STATUS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.testing.EchoDevice;
import dev.ringside.testing.EchoDevice.Held;
import dev.ringside.testing.FakeVring;
import dev.ringside.testing.Payload;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** RESET_DEVICE, status 0 and RESET_OWNER: vrings stop, and everything can begin anew on the same connection. */
class ResetTest extends EchoServed {
    private static final Duration A_MOMENT = Duration.ofMillis(20);

    private FakeVring vring;

    @BeforeEach
    void runAVring() {
        vring = ready().vring(1, 16, memory).run();
        shouldEcho(vring);
        shouldEcho(vring);
    }

    @AfterEach
    void closeVring() {
        vring.close();
    }

    private void shouldBeginAnew() {
        assertThat(device.running()).isZero();
        frontEnd.negotiate();
        frontEnd.setMemTable(memory);
        try (FakeVring anew = frontEnd.vring(1, 8, memory).run()) {
            shouldEcho(anew);
        }
    }

    @Test
    void shouldStopAndForgetEverythingOnResetDevice() {
        frontEnd.setStatus(0xf);
        frontEnd.setConfig(EchoDevice.WRITABLE_CONFIG, (byte) 99);
        frontEnd.resetDevice();
        assertThat(frontEnd.getVringBase(1)).isZero();
        assertThat(frontEnd.getStatus()).isZero();
        assertThat(frontEnd.getConfig(EchoDevice.WRITABLE_CONFIG, 1)).containsExactly(EchoDevice.WRITABLE_CONFIG + 1);
        shouldBeginAnew();
    }

    @Test
    void shouldDisableVringsOnResetDevice() {
        frontEnd.resetDevice();
        frontEnd.setFeatures(frontEnd.getFeatures());
        try (FakeVring anew = frontEnd.vring(1, 8, memory).configure().start()) {
            assertThat(device.running()).isZero();
            anew.enable();
            shouldEcho(anew);
        }
    }

    @Test
    void shouldKeepItsMemoryOnResetDevice() {
        frontEnd.resetDevice();
        shouldBeginAnew();
    }

    @Test
    void shouldStopVringsOnStatusZero() {
        frontEnd.setStatus(0xf);
        shouldEcho(vring);
        frontEnd.setStatus(0);
        assertThat(frontEnd.getStatus()).isZero();
        shouldBeginAnew();
    }

    @Test
    void shouldForgetWhatTheDriverConfiguredOnStatusZero() {
        frontEnd.setConfig(EchoDevice.WRITABLE_CONFIG, (byte) 99);
        frontEnd.setStatus(0);
        assertThat(frontEnd.getConfig(EchoDevice.WRITABLE_CONFIG, 1)).containsExactly(EchoDevice.WRITABLE_CONFIG + 1);
    }

    @Test
    void shouldStopVringsOnResetOwner() {
        frontEnd.resetOwner();
        shouldBeginAnew();
    }

    @Test
    void shouldAnswerAResetOnlyWhenRequestsInFlightAreDone() {
        for (int request : new int[] {RESET_DEVICE, SET_STATUS}) {
            device.hold(true);
            vring.driver().chain().readable((byte) 1).writable(1).offer();
            vring.kick();
            Held held = device.awaitHeld();
            byte[] payload = request == SET_STATUS ? new Payload().u64(0).done() : Payload.EMPTY;
            frontEnd.sendNeedReply(request, payload);
            assertThat(frontEnd.hasMessageWithin(A_MOMENT)).isFalse();
            held.release();
            assertThat(frontEnd.receive().u64()).isZero();
            assertThat(vring.awaitUsed().written()).isEqualTo(1);
            device.hold(false);

            frontEnd.negotiate();
            frontEnd.setMemTable(memory);
            vring.configure().start().enable();
            shouldEcho(vring);
        }
    }
}
