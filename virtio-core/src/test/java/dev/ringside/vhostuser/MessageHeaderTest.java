package dev.ringside.vhostuser;

import static dev.ringside.testing.FakeFrontEnd.message;
import static dev.ringside.testing.VhostUser.GET_FEATURES;
import static dev.ringside.testing.VhostUser.NEED_REPLY;
import static dev.ringside.testing.VhostUser.REPLY;
import static dev.ringside.testing.VhostUser.SET_OWNER;
import static dev.ringside.testing.VhostUser.VERSION;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.Payload;
import dev.ringside.testing.VhostUser;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Headers: numbers that nobody knows, versions that nobody speaks, and streams that are cut anywhere. */
class MessageHeaderTest extends EchoServed {
    /** Some are in the specification and not offered here; some are in none. */
    @ParameterizedTest
    @ValueSource(ints = {0, 19, 20, 22, 23, 26, 33, 35, 41, 42, 255, Integer.MAX_VALUE, -1})
    void shouldRefuseAnUnknownMessage(int number) {
        shouldRefuse(frontEnd -> {}, number, new Payload().u64(0).done());
    }

    @Test
    void shouldCloseTheDescriptorsOfAnUnknownMessage() throws Exception {
        try (Fd fd = EventFd.create()) {
            shouldRefuse(frontEnd -> {}, 41, Payload.EMPTY, fd, fd, fd);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2, 3})
    void shouldEndTheConnectionOnAnotherVersion(int version) {
        frontEnd.negotiate();
        frontEnd.sendRaw(message(SET_OWNER, version | NEED_REPLY));
        frontEnd.awaitClosed();
    }

    @Test
    void shouldRefuseAReplyThatNobodyAskedFor() {
        frontEnd.negotiate();
        frontEnd.sendRaw(message(SET_OWNER, VERSION | REPLY | NEED_REPLY));
        assertThat(frontEnd.receive().u64()).isNotZero();
        frontEnd.sendRaw(message(GET_FEATURES, VERSION | REPLY, new byte[8]));
        frontEnd.awaitClosed();
    }

    @ParameterizedTest
    @ValueSource(ints = {4097, 65536, Integer.MAX_VALUE, Integer.MIN_VALUE, -1})
    void shouldEndTheConnectionOnASizeThatNoMessageHas(int size) {
        frontEnd.negotiate();
        frontEnd.sendRaw(new Payload().u32(SET_OWNER, VERSION, size).done());
        frontEnd.awaitClosed();
    }

    @Test
    void shouldEndTheConnectionOnMoreDescriptorsThanAnyMessageHas() throws Exception {
        try (Fd fd = EventFd.create()) {
            Fd[] nine = new Fd[9];
            Arrays.fill(nine, fd);
            frontEnd.sendRaw(message(SET_OWNER, VERSION), nine);
            frontEnd.awaitClosed();
        }
    }

    @Test
    void shouldEndTheConnectionOnNoise() {
        byte[] noise = new byte[4096];
        new Random(1).nextBytes(noise);
        frontEnd.sendRaw(noise);
        frontEnd.awaitClosed();
    }

    @Test
    void shouldUnderstandAMessageThatComesByteByByte() {
        frontEnd.negotiate();
        for (byte b : message(VhostUser.SET_VRING_NUM, VERSION | NEED_REPLY, FakeFrontEnd.vringState(0, 16))) {
            frontEnd.sendRaw(new byte[] {b});
        }
        assertThat(frontEnd.receive().u64()).isZero();
    }

    @Test
    void shouldUnderstandHeaderAndPayloadApartWithTheDescriptorAtEither() throws Exception {
        ready();
        byte[] kick = message(
                VhostUser.SET_VRING_CALL,
                VERSION | NEED_REPLY,
                new Payload().u64(1).done());
        try (Fd fd = EventFd.create()) {
            for (boolean atHeader : new boolean[] {true, false}) {
                Fd[] one = {fd};
                Fd[] none = {};
                frontEnd.sendRaw(Arrays.copyOf(kick, 12), atHeader ? one : none);
                frontEnd.sendRaw(Arrays.copyOfRange(kick, 12, 20), atHeader ? none : one);
                assertThat(frontEnd.receive().u64()).isZero();
            }
        }
    }

    @Test
    void shouldNotMixTheDescriptorsOfMessagesSentTogether() throws Exception {
        ready();
        byte[] two = new Payload()
                .bytes(message(SET_OWNER, VERSION | NEED_REPLY))
                .bytes(message(SET_OWNER, VERSION | NEED_REPLY))
                .done();
        try (Fd fd = EventFd.create()) {
            // Both in one send, so the descriptor belongs to the first.
            frontEnd.sendRaw(two, fd);
        }
        assertThat(frontEnd.receive().u64()).isNotZero();
        assertThat(frontEnd.receive().u64()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 11, 12, 13, 19})
    void shouldBearAConnectionThatEndsWithinAMessage(int bytes) throws Exception {
        frontEnd.negotiate();
        byte[] message =
                message(VhostUser.SET_VRING_KICK, VERSION, new Payload().u64(0).done());
        try (Fd fd = EventFd.create()) {
            frontEnd.sendRaw(Arrays.copyOf(message, bytes), fd);
        }
    }

    @Test
    void shouldBearAConnectionThatEndsBeforeItsRepliesAreRead() {
        frontEnd.negotiate();
        for (int i = 0; i < 200; i++) {
            frontEnd.send(GET_FEATURES, Payload.EMPTY);
        }
    }

    @Test
    void shouldBearAConnectionThatSaysNothing() {
        frontEnd.close();
    }
}
