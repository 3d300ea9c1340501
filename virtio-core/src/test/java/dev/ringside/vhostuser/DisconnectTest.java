package dev.ringside.vhostuser;

import static dev.ringside.testing.FakeFrontEnd.fds;
import static dev.ringside.testing.FakeFrontEnd.message;
import static dev.ringside.testing.FakeFrontEnd.regions;
import static dev.ringside.testing.FakeFrontEnd.vringState;
import static dev.ringside.testing.VhostUser.VERSION;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.UnixSocket;
import dev.ringside.testing.EchoDevice.Held;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeVring;
import dev.ringside.testing.Payload;
import dev.ringside.testing.ProcSelf;
import dev.ringside.testing.VhostUser;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Front-ends that go without a word, in the middle of anything. */
class DisconnectTest extends EchoServed {
    private static final Duration A_MOMENT = Duration.ofMillis(20);

    /** Closes the connection. The next front-end is answered only when nothing of this one is left. */
    private void disconnect() {
        frontEnd.close();
        frontEnd = server.connect();
        frontEnd.checkAlive();
        assertThat(device.running()).isZero();
    }

    private FakeVring running() {
        return ready().vring(0, 16, memory).run();
    }

    /** Everything that a front-end says before its first request, cut off after so many messages. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void shouldBearTheEndAfterAnyMessage(int messages) {
        FakeVring vring = frontEnd.vring(0, 16, memory);
        Runnable[] conversation = {
            () -> frontEnd.setOwner(),
            () -> frontEnd.setProtocolFeatures(frontEnd.getProtocolFeatures()),
            () -> frontEnd.setFeatures(frontEnd.getFeatures()),
            () -> frontEnd.setMemTable(memory),
            () -> frontEnd.setVringNum(0, 16),
            () -> frontEnd.setVringBase(0, 0),
            () -> frontEnd.setVringAddr(0, vring.driver().address()),
            () -> frontEnd.setVringCall(0, vring.callFd()),
            () -> frontEnd.setVringErr(0, vring.callFd()),
            () -> frontEnd.setVringKick(0, vring.kickFd()),
            () -> frontEnd.setVringEnable(0, true),
            () -> frontEnd.send(VhostUser.GET_VRING_BASE, vringState(0, 0)),
        };
        for (int i = 0; i < messages; i++) {
            conversation[i].run();
        }
        disconnect();
        vring.close();
    }

    @Test
    void shouldStopRunningVrings() {
        try (FakeVring vring = running()) {
            shouldEcho(vring);
            disconnect();
        }
    }

    @Test
    void shouldUnmapMemoryOnlyWhenRequestsInFlightAreDone() {
        // An answer means that nothing is left of the front-end before.
        frontEnd.getFeatures();
        long own = ProcSelf.now().mappings();
        try (FakeVring vring = running()) {
            device.hold(true);
            vring.driver().chain().readable((byte) 1).writable(1).offer();
            vring.kick();
            Held held = device.awaitHeld();
            frontEnd.close();
            try (FakeFrontEnd next = server.connect()) {
                next.send(VhostUser.GET_FEATURES, Payload.EMPTY);
                assertThat(next.hasMessageWithin(A_MOMENT))
                        .as("served too early")
                        .isFalse();
                assertThat(ProcSelf.now().mappings()).isEqualTo(own + 1);
                held.release();
                next.receive();
                assertThat(ProcSelf.now().mappings()).isEqualTo(own);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            ints = {
                VhostUser.GET_VRING_BASE,
                VhostUser.SET_VRING_ENABLE,
                VhostUser.SET_MEM_TABLE,
                VhostUser.RESET_DEVICE
            })
    void shouldBearTheEndWhileARequestWaitsForTheDevice(int request) {
        try (FakeVring vring = running()) {
            device.hold(true);
            vring.driver().chain().readable((byte) 1).writable(1).offer();
            vring.kick();
            Held held = device.awaitHeld();
            if (request == VhostUser.SET_MEM_TABLE) {
                frontEnd.sendNeedReply(request, regions(memory), fds(memory));
            } else if (request == VhostUser.RESET_DEVICE) {
                frontEnd.sendNeedReply(request, Payload.EMPTY);
            } else {
                frontEnd.sendNeedReply(request, vringState(0, 0));
            }
            assertThat(frontEnd.hasMessageWithin(A_MOMENT)).isFalse();
            frontEnd.close();
            held.release();
            frontEnd = server.connect();
            frontEnd.checkAlive();
            assertThat(device.running()).isZero();
        }
    }

    @Test
    void shouldCloseTheDescriptorsOfMessagesThatNobodyReadAnyMore() throws Exception {
        try (FakeVring vring = running();
                Fd fd = EventFd.create()) {
            device.hold(true);
            vring.driver().chain().readable((byte) 1).writable(1).offer();
            vring.kick();
            Held held = device.awaitHeld();
            frontEnd.send(VhostUser.GET_VRING_BASE, vringState(0, 0));
            for (int i = 0; i < 10; i++) {
                frontEnd.send(VhostUser.SET_VRING_CALL, new Payload().u64(1).done(), fd);
            }
            frontEnd.close();
            held.release();
        }
    }

    @Test
    void shouldCloseABackChannelWithItsConnection() throws Exception {
        frontEnd.negotiate();
        UnixSocket[] pair = UnixSocket.pair();
        frontEnd.setBackendReqFd(pair[1].fd());
        pair[1].close();
        try (FakeFrontEnd backChannel = new FakeFrontEnd(pair[0])) {
            frontEnd.close();
            backChannel.awaitClosed();
        }
    }

    @Test
    void shouldServeFrontEndsThatWaitInTheBacklog() {
        FakeFrontEnd[] waiting = new FakeFrontEnd[10];
        for (int i = 0; i < waiting.length; i++) {
            waiting[i] = server.connect();
            waiting[i].send(VhostUser.GET_QUEUE_NUM, Payload.EMPTY);
        }
        frontEnd.close();
        for (FakeFrontEnd next : waiting) {
            assertThat(next.receive().u64()).isEqualTo(QUEUES);
            next.close();
        }
    }

    @Test
    void shouldBearAFrontEndThatWaitedAndWent() {
        server.connect().close();
        FakeFrontEnd impatient = server.connect();
        impatient.sendRaw(message(VhostUser.SET_OWNER, VERSION));
        impatient.close();
        frontEnd.checkAlive();
    }

    @Test
    void shouldLeaveNothingOf100FrontEnds() {
        disconnect();
        ProcSelf before = ProcSelf.now();
        for (int i = 0; i < 100; i++) {
            try (FakeVring vring = running()) {
                shouldEcho(vring);
                vring.driver().chain().readable((byte) 1).writable(1).offer();
                vring.kick();
                disconnect();
            }
        }
        ProcSelf.awaitNoMoreThan(before);
    }
}
