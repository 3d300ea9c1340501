package dev.ringside.testing;

/** Numbers of the vhost-user protocol (QEMU documentation, docs/interop/vhost-user), from the specification. */
public final class VhostUser {
    public static final int GET_FEATURES = 1;
    public static final int SET_FEATURES = 2;
    public static final int SET_OWNER = 3;
    public static final int RESET_OWNER = 4;
    public static final int SET_MEM_TABLE = 5;
    public static final int SET_LOG_BASE = 6;
    public static final int SET_LOG_FD = 7;
    public static final int SET_VRING_NUM = 8;
    public static final int SET_VRING_ADDR = 9;
    public static final int SET_VRING_BASE = 10;
    public static final int GET_VRING_BASE = 11;
    public static final int SET_VRING_KICK = 12;
    public static final int SET_VRING_CALL = 13;
    public static final int SET_VRING_ERR = 14;
    public static final int GET_PROTOCOL_FEATURES = 15;
    public static final int SET_PROTOCOL_FEATURES = 16;
    public static final int GET_QUEUE_NUM = 17;
    public static final int SET_VRING_ENABLE = 18;
    public static final int SET_BACKEND_REQ_FD = 21;
    public static final int IOTLB_MSG = 22;
    public static final int GET_CONFIG = 24;
    public static final int SET_CONFIG = 25;
    public static final int GET_INFLIGHT_FD = 31;
    public static final int SET_INFLIGHT_FD = 32;
    public static final int RESET_DEVICE = 34;
    public static final int GET_MAX_MEM_SLOTS = 36;
    public static final int ADD_MEM_REG = 37;
    public static final int REM_MEM_REG = 38;
    public static final int SET_STATUS = 39;
    public static final int GET_STATUS = 40;

    /** What the back-end sends on its own channel. */
    public static final int BACKEND_IOTLB_MSG = 1;

    public static final int BACKEND_CONFIG_CHANGE_MSG = 2;

    public static final int HEADER_BYTES = 12;
    public static final int VERSION = 1;
    public static final int REPLY = 1 << 2;
    public static final int NEED_REPLY = 1 << 3;

    /** In the u64 of SET_VRING_KICK, CALL and ERR: no descriptor comes along. */
    public static final long NOFD = 1 << 8;

    /** The device feature bit of protocol features. */
    public static final long F_PROTOCOL_FEATURES = 1L << 30;

    /** VHOST_F_LOG_ALL. */
    public static final long F_LOG_ALL = 1L << 26;

    public static final long F_EVENT_IDX = 1L << 29;
    public static final long F_ACCESS_PLATFORM = 1L << 33;
    public static final long F_RING_PACKED = 1L << 34;

    public static final long PROTOCOL_F_MQ = 1L << 0;
    public static final long PROTOCOL_F_LOG_SHMFD = 1L << 1;
    public static final long PROTOCOL_F_REPLY_ACK = 1L << 3;
    public static final long PROTOCOL_F_BACKEND_REQ = 1L << 5;
    public static final long PROTOCOL_F_CONFIG = 1L << 9;
    public static final long PROTOCOL_F_INFLIGHT_SHMFD = 1L << 12;
    public static final long PROTOCOL_F_RESET_DEVICE = 1L << 13;
    public static final long PROTOCOL_F_CONFIGURE_MEM_SLOTS = 1L << 15;
    public static final long PROTOCOL_F_STATUS = 1L << 16;
    public static final long PROTOCOL_F_GET_VRING_BASE_INFLIGHT = 1L << 20;

    /** Types of IOTLB messages. */
    public static final int IOTLB_MISS = 1;

    public static final int IOTLB_UPDATE = 2;
    public static final int IOTLB_INVALIDATE = 3;

    /** Permissions in them. */
    public static final int ACCESS_RO = 1;

    public static final int ACCESS_WO = 2;
    public static final int ACCESS_RW = 3;

    private VhostUser() {}
}
