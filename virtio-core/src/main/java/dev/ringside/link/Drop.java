package dev.ringside.link;

/** Why a frame was not handed on. */
public enum Drop {
    /** The receiver had no buffers for it, nor room left in its queue. */
    NO_BUFFERS,
    /** A header that makes no sense for the frame, or a frame too short or too long to be one. */
    MALFORMED,
    /** Longer than what the receiver takes. */
    TOO_LONG,
    /** The front-end has disabled the queue. */
    DISABLED,
    /** Nothing is behind the link. */
    LINK_DOWN,
    /** Belongs to another VLAN than the port does. */
    VLAN,
    /** What is behind the link, or the kernel, does not keep up or has refused it. */
    REFUSED
}
