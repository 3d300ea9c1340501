package dev.ringside.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.ringside.channel.BlockingMessages;
import dev.ringside.channel.Frame;
import dev.ringside.channel.SocketServer.Description;
import dev.ringside.linux.UnixSocket;
import dev.ringside.testing.EchoDevice;
import dev.ringside.testing.EchoDevice.Held;
import dev.ringside.testing.FakeChain;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeFrontEnd.InflightArea;
import dev.ringside.testing.FakeIommu;
import dev.ringside.testing.FakeVring;
import dev.ringside.testing.TestServer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A session goes on in another back-end, and the front-end does not notice. */
class TakeoverTest extends EchoServed {
    private static final int MILLIS = 10_000;

    private EchoDevice firstDevice;
    private TestServer first;
    private EchoDevice otherDevice;
    private TestServer other;
    private FakeFrontEnd peer;

    @BeforeEach
    void startTwo() {
        firstDevice = new EchoDevice(QUEUES);
        first = TestServer.listening(firstDevice, engine);
        otherDevice = new EchoDevice(QUEUES);
        other = new TestServer(otherDevice, engine);
        peer = first.connect();
    }

    @AfterEach
    void closeThem() {
        peer.close();
        other.close();
        first.close();
    }

    @Override
    FakeFrontEnd ready() {
        peer.negotiate().setMemTable(memory);
        return peer;
    }

    private static <T> T join(CompletableFuture<T> future) throws Exception {
        return future.get(MILLIS, TimeUnit.MILLISECONDS);
    }

    private void handOver() throws Exception {
        describe();
        moveOn();
    }

    private void describe() throws Exception {
        try (Description description = join(first.server().describe())) {
            join(other.server()
                    .inherit(
                            description.listening().duplicate(),
                            description.connection().duplicate()));
            replay(description.state());
        }
    }

    private void moveOn() throws Exception {
        replay(join(first.server().suspend()));
        join(other.server().begin());
    }

    /** As it goes between two processes: descriptors are duplicated on the way. */
    private void replay(List<Frame> words) throws Exception {
        UnixSocket[] pair = UnixSocket.pair();
        try (BlockingMessages here = new BlockingMessages(pair[0], VhostUserServer.framing());
                BlockingMessages there = new BlockingMessages(pair[1], VhostUserServer.framing())) {
            for (Frame frame : words) {
                here.send(frame, MILLIS);
                join(other.server().replay(there.receive(MILLIS)));
            }
        }
    }

    private void describeToNobody() throws Exception {
        try (Description description = join(first.server().describe())) {
            description.state().forEach(Frame::release);
        }
    }

    private void suspendForNobody() throws Exception {
        describeToNobody();
        join(first.server().suspend()).forEach(Frame::release);
    }

    @Test
    void shouldGoOnInTheOther() throws Exception {
        try (FakeVring vring = ready().vring(1, 16, memory).run()) {
            shouldEcho(vring);
            peer.setStatus(0xf);
            peer.setConfig(EchoDevice.WRITABLE_CONFIG, (byte) 99);
            handOver();
            long before = firstDevice.stats(1).chains();
            shouldEcho(vring);
            shouldEcho(vring);
            assertThat(firstDevice.stats(1).chains()).as("of the first").isEqualTo(before);
            assertThat(otherDevice.stats(1).chains()).isEqualTo(2);
            assertThat(peer.getStatus()).isEqualTo(0xf);
            assertThat(peer.getConfig(EchoDevice.WRITABLE_CONFIG, 1)).containsExactly(99);
            peer.checkAlive();
            assertThat(vring.stop()).isEqualTo(3);
        }
    }

    /** What was translated is not told: it is asked for again. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldGoOnBehindAnIommu(boolean packed) throws Exception {
        try (FakeIommu iommu = FakeIommu.before(peer, memory, packed);
                FakeVring vring = peer.vring(1, 16, memory).run()) {
            iommu.updateAll();
            shouldEcho(vring);
            handOver();
            FakeChain chain =
                    vring.driver().chain().readable((byte) 7).writable(1).offer();
            vring.kick();
            assertThat(iommu.awaitMiss().address()).isNotZero();
            iommu.updateAll();
            assertThat(iommu.awaitUsed(vring).id()).isEqualTo(chain.id());
            assertThat(chain.lastByte()).isEqualTo(7);
            assertThat(otherDevice.stats(1).chains()).isEqualTo(1);
        }
    }

    @Test
    void shouldServeWhatCameMeanwhile() throws Exception {
        try (FakeVring vring = ready().vring(0, 16, memory).run()) {
            shouldEcho(vring);
            suspendForNobody();
            vring.driver().chain().readable((byte) 1).writable(1).offer();
            vring.kick();
            assertThat(firstDevice.stats(0).chains()).isEqualTo(1);
            first.server().resume();
            vring.awaitUsed();
            handOver();
            shouldEcho(vring);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldBeServedUntilTheOtherIsReady(boolean packed) throws Exception {
        (packed ? peer.negotiatePacked() : peer.negotiate()).setMemTable(memory);
        try (FakeVring vring = peer.vring(1, 16, memory).run()) {
            shouldEcho(vring);
            describe();
            shouldEcho(vring);
            shouldEcho(vring);
            assertThat(firstDevice.stats(1).chains()).isEqualTo(3);
            assertThat(otherDevice.running()).as("queues of the other").isZero();
            moveOn();
            assertThat(firstDevice.running()).as("queues of the first").isZero();
            shouldEcho(vring);
            assertThat(otherDevice.stats(1).chains()).isEqualTo(1);
            peer.checkAlive();
        }
    }

    @Test
    void shouldGoOnWhenTheOtherIsNeverReady() throws Exception {
        try (FakeVring vring = ready().vring(1, 16, memory).run()) {
            describe();
            shouldEcho(vring);
            first.server().resume();
            shouldEcho(vring);
            peer.checkAlive();
            assertThat(firstDevice.stats(1).chains()).isEqualTo(2);
            assertThat(otherDevice.stats(1).chains()).isZero();
        }
    }

    @Test
    void shouldWaitForWhatIsInFlight() throws Exception {
        InflightArea area = ready().getInflightFd(1, 16);
        peer.setInflightFd(area);
        try (FakeVring vring = peer.vring(0, 16, memory).run()) {
            firstDevice.hold(true);
            vring.driver().chain().readable((byte) 1).writable(1).offer();
            vring.kick();
            Held held = firstDevice.awaitHeld();
            describeToNobody();
            CompletableFuture<List<Frame>> suspended = first.server().suspend();
            assertThat(suspended).isNotDone();
            held.release();
            firstDevice.hold(false);
            join(suspended).forEach(Frame::release);
            first.server().resume();
            vring.awaitUsed();
            handOver();
            shouldEcho(vring);
            assertThat(vring.stop()).isEqualTo(2);
        } finally {
            area.fd().close();
        }
    }

    @Test
    void shouldAcceptTheNextFrontEndInTheOther() throws Exception {
        ready();
        handOver();
        peer.close();
        try (FakeFrontEnd next = FakeFrontEnd.connect(first.socket())) {
            shouldEcho(next.negotiate());
            assertThat(otherDevice.stats(0).chains()).isPositive();
        }
        first.server().resume();
    }

    @Test
    void shouldGoOnWhenTheOtherDoesNotCome() throws Exception {
        try (FakeVring vring = ready().vring(2, 16, memory).run()) {
            suspendForNobody();
            assertThat(firstDevice.running()).isZero();
            first.server().resume();
            shouldEcho(vring);
            peer.checkAlive();
        }
    }

    @Test
    void shouldNotBeInterruptedWithinAMessage() throws Exception {
        ready();
        peer.sendRaw(new byte[] {1, 0, 0, 0, 1});
        // Whether that has been read yet nobody can tell from outside; so it is asked until it has.
        assertThatExceptionOfType(ExecutionException.class).isThrownBy(() -> {
            while (true) {
                describeToNobody();
                first.server().resume();
            }
        });
        peer.sendRaw(new byte[] {0, 0, 0, 0, 0, 0, 0});
        assertThat(peer.receive().request()).isEqualTo(1);
    }
}
