package dev.ringside.vhostuser;

/** Protocol feature bits (vhost-user, "Protocol features"), as masks; those that are implemented. */
final class ProtocolFeature {
    static final long MQ = 1L << 0;
    static final long LOG_SHMFD = 1L << 1;
    static final long RARP = 1L << 2;
    static final long REPLY_ACK = 1L << 3;
    static final long NET_MTU = 1L << 4;
    static final long BACKEND_REQ = 1L << 5;
    static final long CONFIG = 1L << 9;
    static final long INFLIGHT_SHMFD = 1L << 12;
    static final long RESET_DEVICE = 1L << 13;
    static final long CONFIGURE_MEM_SLOTS = 1L << 15;
    static final long STATUS = 1L << 16;
    static final long GET_VRING_BASE_INFLIGHT = 1L << 20;

    static final long OFFERED =
            MQ | LOG_SHMFD | REPLY_ACK | BACKEND_REQ | CONFIG | RESET_DEVICE | CONFIGURE_MEM_SLOTS | STATUS;

    /** For devices that complete requests out of order. */
    static final long OFFERED_FOR_OUT_OF_ORDER = INFLIGHT_SHMFD | GET_VRING_BASE_INFLIGHT;

    /** For network devices only. */
    static final long OFFERED_FOR_NET = RARP | NET_MTU;

    /** The device feature bit by which protocol features are negotiated at all. */
    static final long VHOST_USER_F_PROTOCOL_FEATURES = 1L << 30;

    /** The device feature bit by which the front-end switches logging of writes on and off (VHOST_F_LOG_ALL). */
    static final long VHOST_F_LOG_ALL = 1L << 26;

    private ProtocolFeature() {}
}
