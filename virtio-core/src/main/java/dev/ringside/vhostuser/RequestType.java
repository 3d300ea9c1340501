package dev.ringside.vhostuser;

import org.jspecify.annotations.Nullable;

/** Front-end message types that this back-end understands, with their numbers (vhost-user, "Front-end message types"). */
enum RequestType {
    GET_FEATURES(1, true),
    SET_FEATURES(2),
    SET_OWNER(3),
    RESET_OWNER(4),
    SET_MEM_TABLE(5),
    SET_LOG_BASE(6, true),
    SET_LOG_FD(7),
    SET_VRING_NUM(8),
    SET_VRING_ADDR(9),
    SET_VRING_BASE(10),
    GET_VRING_BASE(11, true),
    SET_VRING_KICK(12),
    SET_VRING_CALL(13),
    SET_VRING_ERR(14),
    GET_PROTOCOL_FEATURES(15, true),
    SET_PROTOCOL_FEATURES(16),
    GET_QUEUE_NUM(17, true),
    SET_VRING_ENABLE(18),
    SEND_RARP(19),
    NET_SET_MTU(20),
    SET_BACKEND_REQ_FD(21),
    IOTLB_MSG(22),
    GET_CONFIG(24, true),
    SET_CONFIG(25),
    GET_INFLIGHT_FD(31, true),
    SET_INFLIGHT_FD(32),
    RESET_DEVICE(34),
    GET_MAX_MEM_SLOTS(36, true),
    ADD_MEM_REG(37),
    REM_MEM_REG(38),
    SET_STATUS(39),
    GET_STATUS(40, true);

    private static final RequestType[] BY_NUMBER = new RequestType[41];

    static {
        for (RequestType type : values()) {
            BY_NUMBER[type.number] = type;
        }
    }

    private final int number;
    private final boolean hasOwnReply;

    RequestType(int number) {
        this(number, false);
    }

    RequestType(int number, boolean hasOwnReply) {
        this.number = number;
        this.hasOwnReply = hasOwnReply;
    }

    /** Whether it is answered with more than an acknowledgement: then it cannot be refused in one. */
    boolean hasOwnReply() {
        return hasOwnReply;
    }

    int number() {
        return number;
    }

    /** The type with a number that came from the front-end, or {@code null}. */
    static @Nullable RequestType of(long number) {
        return number >= 0 && number < BY_NUMBER.length ? BY_NUMBER[(int) number] : null;
    }
}
