package dev.ringside.vhostuser;

import static dev.ringside.testing.EchoDevice.CONFIG_BYTES;
import static dev.ringside.testing.EchoDevice.WRITABLE_CONFIG;
import static dev.ringside.testing.VhostUser.PROTOCOL_F_CONFIG;
import static dev.ringside.testing.VhostUser.SET_BACKEND_REQ_FD;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.UnixSocket;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeFrontEnd.Message;
import dev.ringside.testing.Payload;
import dev.ringside.testing.VhostUser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** GET_CONFIG, SET_CONFIG, and the message that says that the config space has changed. */
class ConfigSpaceTest extends EchoServed {
    private static byte[] counting(int from, int bytes) {
        byte[] expected = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            expected[i] = (byte) (from + i < CONFIG_BYTES ? from + i + 1 : 0);
        }
        return expected;
    }

    /** 60 is what libblkio asks for and 57 what QEMU does: more than the device has. */
    @ParameterizedTest
    @CsvSource({"0, 40", "0, 57", "0, 60", "0, 256", "8, 1", "39, 2", "40, 8", "255, 1", "256, 0", "0, 0"})
    void shouldGiveWhatIsAskedForWithZeroesBeyondTheDevice(int offset, int size) {
        frontEnd.negotiate();
        assertThat(frontEnd.getConfig(offset, size)).containsExactly(counting(offset, size));
    }

    @Test
    void shouldRepeatOffsetSizeAndFlagsInTheReply() {
        frontEnd.negotiate();
        byte[] request = new Payload().u32(4, 2, 1).zeroes(2).done();
        assertThat(frontEnd.get(VhostUser.GET_CONFIG, request).payload())
                .containsExactly(
                        new Payload().u32(4, 2, 1).bytes((byte) 5, (byte) 6).done());
    }

    /** "...the payload has size 0 in case of an error". */
    @ParameterizedTest
    @CsvSource({"0, 257", "1, 256", "256, 1", "-1, 1", "-256, 256", "2147483647, 16"})
    void shouldGiveNothingBeyond256Bytes(int offset, int size) {
        frontEnd.negotiate();
        assertThat(frontEnd.getConfig(offset, size)).isEmpty();
        frontEnd.checkAlive();
    }

    @Test
    void shouldEndTheConnectionWhenTheSizeIsNotThatOfTheMessage() {
        shouldEndTheConnection(
                frontEnd -> {},
                VhostUser.GET_CONFIG,
                new Payload().u32(0, 8, 0).zeroes(4).done());
    }

    @Test
    void shouldStoreWhatIsWritable() {
        frontEnd.negotiate();
        frontEnd.setConfig(WRITABLE_CONFIG, (byte) 99);
        assertThat(frontEnd.getConfig(WRITABLE_CONFIG, 1)).containsExactly(99);
    }

    @Test
    void shouldForgetItForTheNextFrontEnd() {
        frontEnd.negotiate().setConfig(WRITABLE_CONFIG, (byte) 99);
        frontEnd.close();
        frontEnd = server.connect().negotiate();
        assertThat(frontEnd.getConfig(WRITABLE_CONFIG, 1)).containsExactly(WRITABLE_CONFIG + 1);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, WRITABLE_CONFIG + 1, 255, 256, Integer.MAX_VALUE, Integer.MIN_VALUE, -1})
    void shouldRefuseToStoreElsewhere(int offset) {
        shouldRefuse(frontEnd -> {}, VhostUser.SET_CONFIG, FakeFrontEnd.config(offset, (byte) 1));
    }

    @Test
    void shouldRefuseToStoreMoreThanTheField() {
        shouldRefuse(frontEnd -> {}, VhostUser.SET_CONFIG, FakeFrontEnd.config(WRITABLE_CONFIG, new byte[4]));
        shouldRefuse(frontEnd -> {}, VhostUser.SET_CONFIG, FakeFrontEnd.config(WRITABLE_CONFIG));
        shouldRefuse(frontEnd -> {}, VhostUser.SET_CONFIG, FakeFrontEnd.config(0, new byte[1024]));
    }

    /** The back-end's own channel, as its front-end holds it: the other end is given away. */
    private FakeFrontEnd backChannel() throws LinuxException {
        UnixSocket[] pair = UnixSocket.pair();
        frontEnd.setBackendReqFd(pair[1].fd());
        pair[1].close();
        return new FakeFrontEnd(pair[0]);
    }

    @Test
    void shouldTellOfAChangedConfigSpace() throws Exception {
        frontEnd.negotiate();
        try (FakeFrontEnd backChannel = backChannel()) {
            for (byte value = 1; value <= 3; value++) {
                device.changeConfig(0, value);
                Message message = backChannel.receive();
                assertThat(message.request()).isEqualTo(VhostUser.BACKEND_CONFIG_CHANGE_MSG);
                assertThat(message.flags()).isEqualTo(VhostUser.VERSION);
                assertThat(message.payload()).isEmpty();
                assertThat(frontEnd.getConfig(0, 1)).containsExactly(value);
            }
        }
    }

    @Test
    void shouldTellNobodyWhoDidNotNegotiateConfig() throws Exception {
        frontEnd.negotiate(-1, ~PROTOCOL_F_CONFIG);
        try (FakeFrontEnd backChannel = backChannel()) {
            device.changeConfig(0, (byte) 1);
            frontEnd.checkAlive();
            // What is sent at once on ending would be seen before the end.
            frontEnd.close();
            backChannel.awaitClosed();
        }
    }

    @Test
    void shouldGoOnWhenTheConfigSpaceChangesWithoutABackChannel() {
        frontEnd.negotiate();
        device.changeConfig(0, (byte) 1);
        frontEnd.checkAlive();
    }

    @Test
    void shouldGoOnWithoutABackChannelThatWasClosed() throws Exception {
        frontEnd.negotiate();
        backChannel().close();
        device.changeConfig(0, (byte) 1);
        frontEnd.checkAlive();
        device.changeConfig(0, (byte) 2);
        frontEnd.checkAlive();
    }

    @Test
    void shouldUseTheLastOfSeveralBackChannels() throws Exception {
        frontEnd.negotiate();
        try (FakeFrontEnd first = backChannel();
                FakeFrontEnd second = backChannel()) {
            first.awaitClosed();
            device.changeConfig(0, (byte) 1);
            assertThat(second.receive().request()).isEqualTo(VhostUser.BACKEND_CONFIG_CHANGE_MSG);
        }
    }

    @Test
    void shouldBearNoiseOnTheBackChannel() throws Exception {
        frontEnd.negotiate();
        try (FakeFrontEnd backChannel = backChannel();
                Fd fd = EventFd.create()) {
            backChannel.sendRaw(new byte[64], fd);
            backChannel.awaitClosed();
        }
        frontEnd.checkAlive();
    }

    @Test
    void shouldRefuseABackChannelThatIsNoSocket() throws Exception {
        try (Fd eventFd = EventFd.create()) {
            shouldRefuse(frontEnd -> {}, SET_BACKEND_REQ_FD, Payload.EMPTY, eventFd);
        }
    }
}
