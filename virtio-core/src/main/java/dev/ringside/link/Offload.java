package dev.ringside.link;

/** Work that a sender may leave undone in a frame, as a mask: what a receiver accepts, or what a frame needs. */
public final class Offload {
    /** The transport checksum; all others need it, too. */
    public static final int CSUM = 1;
    /** Cutting TCP over IPv4. */
    public static final int TSO4 = 1 << 1;
    /** Cutting TCP over IPv6. */
    public static final int TSO6 = 1 << 2;
    /** Cutting TCP that has CWR set, which belongs into the first segment only. */
    public static final int ECN = 1 << 3;
    /** Fragmenting UDP. */
    public static final int UFO = 1 << 4;
    /** Cutting UDP into datagrams. */
    public static final int USO = 1 << 5;

    public static final int NONE = 0;
    public static final int ALL = CSUM | TSO4 | TSO6 | ECN | UFO | USO;

    private Offload() {}
}
