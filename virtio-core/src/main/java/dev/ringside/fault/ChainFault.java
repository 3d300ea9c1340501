package dev.ringside.fault;

/** A descriptor chain that breaks virtio 1.2 §2.7, rejected by name. The ring itself is intact and goes on. */
public final class ChainFault extends PeerFault {
    private static final long serialVersionUID = 1L;

    /** Which rule the chain breaks. */
    public enum Kind {
        /** {@code next}, or an entry of an indirect table, lies beyond its table. */
        DESCRIPTOR_OUT_OF_RANGE,
        /** More descriptors than the table holds: the chain loops (§2.7.5.3.1). */
        LOOP,
        /** More descriptors than this device accepts in one chain. */
        TOO_LONG,
        /** A descriptor of length 0. */
        ZERO_LENGTH,
        /** A buffer or an indirect table that is not wholly inside guest memory. */
        OUTSIDE_MEMORY,
        /** A device-readable descriptor after a device-writable one (§2.7.4.2). */
        READABLE_AFTER_WRITABLE,
        /** INDIRECT used without having been negotiated (§2.7.5.3.1). */
        INDIRECT_NOT_NEGOTIATED,
        /** An indirect descriptor inside an indirect table (§2.7.5.3.1). */
        NESTED_INDIRECT,
        /** A descriptor with both INDIRECT and NEXT (§2.7.5.3.1). */
        INDIRECT_WITH_NEXT,
        /** An indirect table whose length is zero, no multiple of 16, or more than the device accepts. */
        INDIRECT_LENGTH,
        /** The buffers together exceed 4 GiB (§2.7.5.2). */
        TOO_LARGE
    }

    private final Kind kind;

    /**
     * @param kind the rule that was broken
     * @param detail the values that broke it, for the log
     */
    public ChainFault(Kind kind, String detail) {
        super(kind + ": " + detail);
        this.kind = kind;
    }

    /** The rule that was broken. */
    public Kind kind() {
        return kind;
    }
}
