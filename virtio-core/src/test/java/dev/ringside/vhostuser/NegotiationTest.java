package dev.ringside.vhostuser;

import static dev.ringside.testing.VhostUser.ADD_MEM_REG;
import static dev.ringside.testing.VhostUser.F_LOG_ALL;
import static dev.ringside.testing.VhostUser.F_PROTOCOL_FEATURES;
import static dev.ringside.testing.VhostUser.GET_QUEUE_NUM;
import static dev.ringside.testing.VhostUser.PROTOCOL_F_BACKEND_REQ;
import static dev.ringside.testing.VhostUser.PROTOCOL_F_CONFIG;
import static dev.ringside.testing.VhostUser.PROTOCOL_F_CONFIGURE_MEM_SLOTS;
import static dev.ringside.testing.VhostUser.PROTOCOL_F_GET_VRING_BASE_INFLIGHT;
import static dev.ringside.testing.VhostUser.PROTOCOL_F_INFLIGHT_SHMFD;
import static dev.ringside.testing.VhostUser.PROTOCOL_F_LOG_SHMFD;
import static dev.ringside.testing.VhostUser.PROTOCOL_F_MQ;
import static dev.ringside.testing.VhostUser.PROTOCOL_F_REPLY_ACK;
import static dev.ringside.testing.VhostUser.PROTOCOL_F_RESET_DEVICE;
import static dev.ringside.testing.VhostUser.PROTOCOL_F_STATUS;
import static dev.ringside.testing.VhostUser.RESET_DEVICE;
import static dev.ringside.testing.VhostUser.SET_CONFIG;
import static dev.ringside.testing.VhostUser.SET_FEATURES;
import static dev.ringside.testing.VhostUser.SET_OWNER;
import static dev.ringside.testing.VhostUser.SET_PROTOCOL_FEATURES;
import static dev.ringside.testing.VhostUser.SET_STATUS;
import static dev.ringside.testing.VhostUser.SET_VRING_NUM;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.testing.EchoDevice;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeVring;
import dev.ringside.testing.Payload;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is offered, and what may be taken of it. */
class NegotiationTest extends EchoServed {
    private static final long ANY_LAYOUT = 1L << 27;
    private static final long INDIRECT_DESC = 1L << 28;
    private static final long EVENT_IDX = 1L << 29;
    private static final long VERSION_1 = 1L << 32;
    private static final long RING_PACKED = 1L << 34;
    private static final long TRANSPORT = ANY_LAYOUT | INDIRECT_DESC | EVENT_IDX | F_PROTOCOL_FEATURES | VERSION_1;

    private static byte[] u64(long value) {
        return new Payload().u64(value).done();
    }

    @Test
    void shouldOfferTheDeviceFeaturesAndThoseOfTheTransport() {
        assertThat(frontEnd.getFeatures()).isEqualTo(EchoDevice.FEATURES | TRANSPORT | F_LOG_ALL | RING_PACKED);
    }

    @Test
    void shouldOfferTheProtocolFeaturesThatAreImplemented() {
        assertThat(frontEnd.getProtocolFeatures())
                .isEqualTo(PROTOCOL_F_MQ
                        | PROTOCOL_F_LOG_SHMFD
                        | PROTOCOL_F_REPLY_ACK
                        | PROTOCOL_F_BACKEND_REQ
                        | PROTOCOL_F_CONFIG
                        | PROTOCOL_F_INFLIGHT_SHMFD
                        | PROTOCOL_F_RESET_DEVICE
                        | PROTOCOL_F_CONFIGURE_MEM_SLOTS
                        | PROTOCOL_F_STATUS
                        | PROTOCOL_F_GET_VRING_BASE_INFLIGHT);
    }

    @Test
    void shouldTellTheNumberOfQueuesAndOfMemorySlots() {
        frontEnd.negotiate();
        assertThat(frontEnd.getQueueNum()).isEqualTo(QUEUES);
        assertThat(frontEnd.getMaxMemSlots()).isEqualTo(509);
    }

    @Test
    void shouldAnswerBeforeAnythingIsNegotiated() {
        assertThat(frontEnd.getQueueNum()).isEqualTo(QUEUES);
        assertThat(frontEnd.getMaxMemSlots()).isEqualTo(509);
        assertThat(frontEnd.getStatus()).isZero();
    }

    @Test
    void shouldBearBeingOwnedTwice() {
        frontEnd.setOwner();
        frontEnd.negotiate().checkAlive();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 8, 31, 33, 63})
    void shouldRefuseAFeatureThatWasNotOffered(int bit) {
        shouldRefuse(frontEnd -> {}, SET_FEATURES, u64(TRANSPORT | 1L << bit));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4, 6, 14, 17, 19, 21, 22, 63})
    void shouldRefuseAProtocolFeatureThatWasNotOffered(int bit) {
        shouldRefuse(frontEnd -> {}, SET_PROTOCOL_FEATURES, u64(PROTOCOL_F_MQ | 1L << bit));
    }

    @Test
    void shouldKeepTheFeaturesBeforeARefusedOnes() {
        ready();
        assertThat(frontEnd.acknowledged(SET_FEATURES, u64(1L << 63))).isNotZero();
        try (FakeVring vring = frontEnd.vring(0, 8, memory).run()) {
            shouldEcho(vring);
        }
    }

    /** VHOST_USER_F_PROTOCOL_FEATURES need not be acknowledged before GET_PROTOCOL_FEATURES: QEMU never does. */
    @Test
    void shouldNegotiateProtocolFeaturesBeforeFeatures() {
        frontEnd.setProtocolFeatures(PROTOCOL_F_REPLY_ACK);
        frontEnd.setFeatures(TRANSPORT);
        frontEnd.checkAlive();
    }

    @Test
    void shouldRefuseOtherFeaturesWhileVringsRun() {
        FakeVring[] vring = new FakeVring[1];
        shouldRefuse(
                frontEnd -> {
                    frontEnd.setMemTable(memory);
                    vring[0] = frontEnd.vring(0, 8, memory).run();
                    shouldEcho(vring[0]);
                    vring[0].close();
                },
                SET_FEATURES,
                u64(VERSION_1 | F_PROTOCOL_FEATURES));
    }

    @Test
    void shouldAcknowledgeOnlyWhatAsksForIt() {
        frontEnd.negotiate();
        frontEnd.send(SET_OWNER, Payload.EMPTY);
        frontEnd.checkAlive();
        assertThat(frontEnd.acknowledged(SET_OWNER, Payload.EMPTY)).isZero();
    }

    @Test
    void shouldNotAcknowledgeWithoutReplyAck() {
        frontEnd.negotiate(-1, ~PROTOCOL_F_REPLY_ACK);
        frontEnd.sendNeedReply(SET_OWNER, Payload.EMPTY);
        frontEnd.checkAlive();
    }

    @Test
    void shouldAcknowledgeTheVeryMessageThatNegotiatesIt() {
        assertThat(frontEnd.acknowledged(SET_PROTOCOL_FEATURES, u64(PROTOCOL_F_REPLY_ACK)))
                .isZero();
    }

    /** libblkio sets NEED_REPLY on everything; a request with a reply of its own has that reply and no other. */
    @Test
    void shouldReplyOnceToAGetThatAsksForAnAcknowledgement() {
        frontEnd.negotiate();
        frontEnd.sendNeedReply(GET_QUEUE_NUM, Payload.EMPTY);
        assertThat(frontEnd.receive().u64()).isEqualTo(QUEUES);
        frontEnd.checkAlive();
    }

    @Test
    void shouldAnswerMessagesInTheirOrderHoweverManyAreSentAtOnce() {
        frontEnd.negotiate();
        for (int i = 0; i < 100; i++) {
            frontEnd.sendNeedReply(SET_VRING_NUM, FakeFrontEnd.vringState(i % 2 == 0 ? 0 : QUEUES, 8));
        }
        for (int i = 0; i < 100; i++) {
            assertThat(frontEnd.receive().u64() == 0).isEqualTo(i % 2 == 0);
        }
    }

    @Test
    void shouldRememberTheStatus() {
        frontEnd.negotiate();
        for (int status : new int[] {1, 3, 0xb, 0xf, 0}) {
            frontEnd.setStatus(status);
            assertThat(frontEnd.getStatus()).isEqualTo(status);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0x100, -1, Long.MIN_VALUE})
    void shouldRefuseAStatusOfMoreThanEightBits(long status) {
        shouldRefuse(frontEnd -> {}, SET_STATUS, u64(status));
    }

    @Test
    void shouldRefuseRequestsOfProtocolFeaturesThatWereNotTaken() {
        frontEnd.negotiate(-1, PROTOCOL_F_REPLY_ACK);
        assertThat(frontEnd.acknowledged(SET_STATUS, u64(1))).isNotZero();
        assertThat(frontEnd.acknowledged(RESET_DEVICE, Payload.EMPTY)).isNotZero();
        assertThat(frontEnd.acknowledged(SET_CONFIG, FakeFrontEnd.config(EchoDevice.WRITABLE_CONFIG, (byte) 1)))
                .isNotZero();
        assertThat(frontEnd.acknowledged(
                        ADD_MEM_REG,
                        FakeFrontEnd.singleRegion(memory.regions().get(0)),
                        memory.regions().get(0).fd()))
                .isNotZero();
        frontEnd.checkAlive();
    }
}
