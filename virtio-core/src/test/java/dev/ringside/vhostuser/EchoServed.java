package dev.ringside.vhostuser;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.Fd;
import dev.ringside.loop.Engine;
import dev.ringside.testing.EachEngine;
import dev.ringside.testing.EchoDevice;
import dev.ringside.testing.FakeChain;
import dev.ringside.testing.FakeDriver.Used;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.FakeVring;
import dev.ringside.testing.LogWatch;
import dev.ringside.testing.ProcSelf;
import dev.ringside.testing.TestServer;
import dev.ringside.testing.VhostUser;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;

/**
 * Conversations with one server that lives as long as the test class, by one front-end for each test. After each of
 * them, whatever it did, the same server serves a fresh front-end; in the end nothing is left of any.
 */
@EachEngine
abstract class EchoServed {
    static final int QUEUES = 4;
    static final long MEMORY_BYTES = 1 << 20;

    static EchoDevice device;
    static TestServer server;
    private static ProcSelf before;
    private static LogWatch log;

    @Parameter
    Engine engine;

    /** Connected, and silent so far. */
    FakeFrontEnd frontEnd;

    final FakeMemory memory = FakeMemory.of(MEMORY_BYTES);

    @BeforeParameterizedClassInvocation
    static void startServer(Engine engine) {
        before = ProcSelf.now();
        log = new LogWatch();
        device = new EchoDevice(QUEUES);
        server = TestServer.listening(device, engine);
    }

    @AfterParameterizedClassInvocation
    static void shouldLeaveNothingBehind() {
        server.close();
        log.close();
        assertThat(log.errors()).isEmpty();
        ProcSelf.awaitNoMoreThan(before);
    }

    @BeforeEach
    void connect() {
        frontEnd = server.connect();
    }

    @AfterEach
    void shouldServeAFreshFrontEnd() {
        frontEnd.close();
        device.hold(false);
        device.leave(false);
        try (FakeFrontEnd fresh = server.connect()) {
            shouldEcho(fresh.negotiate());
        }
        memory.close();
    }

    /** Shares memory, runs a vring and sends a chain through it. */
    static void shouldEcho(FakeFrontEnd negotiated) {
        try (FakeMemory memory = FakeMemory.of(MEMORY_BYTES)) {
            negotiated.setMemTable(memory);
            try (FakeVring vring = negotiated.vring(0, 16, memory).run()) {
                shouldEcho(vring);
                vring.stop();
            }
        }
    }

    static void shouldEcho(FakeVring vring) {
        FakeChain chain = vring.driver()
                .chain()
                .readable("hello".getBytes(UTF_8))
                .writable(5)
                .offer();
        vring.kick();
        assertThat(vring.awaitUsed()).isEqualTo(new Used(chain.id(), 5));
        assertThat(chain.writable()).asString().isEqualTo("hello");
    }

    /** Front-end with everything negotiated and memory shared. */
    FakeFrontEnd ready() {
        frontEnd.negotiate().setMemTable(memory);
        return frontEnd;
    }

    /**
     * A request that is wrong, to a front-end that negotiated everything: refused by its acknowledgement, and the
     * connection goes on; or without REPLY_ACK, by the end of the connection.
     *
     * @param preparation what comes before
     */
    void shouldRefuse(Consumer<FakeFrontEnd> preparation, int request, byte[] payload, Fd... fds) {
        try (FakeFrontEnd acknowledging = reconnect().negotiate()) {
            preparation.accept(acknowledging);
            assertThat(acknowledging.acknowledged(request, payload, fds)).isNotZero();
            acknowledging.checkAlive();
        }
        try (FakeFrontEnd silent =
                server.connect().negotiate(~VhostUser.F_RING_PACKED, ~VhostUser.PROTOCOL_F_REPLY_ACK)) {
            preparation.accept(silent);
            silent.send(request, payload, fds);
            silent.awaitClosed();
        }
    }

    /** A request with a reply of its own that is wrong: there is no way to refuse it but to end the connection. */
    void shouldEndTheConnection(Consumer<FakeFrontEnd> preparation, int request, byte[] payload, Fd... fds) {
        try (FakeFrontEnd negotiated = reconnect().negotiate()) {
            preparation.accept(negotiated);
            negotiated.sendNeedReply(request, payload, fds);
            negotiated.awaitClosed();
        }
    }

    /** Another front-end in place of the one that the test began with. */
    FakeFrontEnd reconnect() {
        frontEnd.close();
        return server.connect();
    }
}
