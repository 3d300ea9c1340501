package dev.ringside.e1000;

/**
 * What a context descriptor says about the headers of the frames that follow (§3.3.6, §3.5.9): where IP and transport headers
 * and their checksums are, and how to cut. All of it is the guest's.
 */
final class TransmitContext {
    private static final int TUCMD_TCP = 1;
    private static final int TUCMD_IP = 1 << 1;

    private int ipcss;
    private int ipcso;
    private int ipcse;
    private int tucss;
    private int tucso;
    private int tucse;
    private int headerBytes;
    private int mss;
    private boolean tcp;
    private boolean ipv4;

    /**
     * Takes a context over.
     *
     * @param low first 64 bits of the descriptor
     * @param high the others
     */
    void load(long low, long high) {
        ipcss = (int) low & 0xff;
        ipcso = (int) (low >>> 8) & 0xff;
        ipcse = (int) (low >>> 16) & 0xffff;
        tucss = (int) (low >>> 32) & 0xff;
        tucso = (int) (low >>> 40) & 0xff;
        tucse = (int) (low >>> 48) & 0xffff;
        int command = (int) (high >>> 24);
        tcp = (command & TUCMD_TCP) != 0;
        ipv4 = (command & TUCMD_IP) != 0;
        headerBytes = (int) (high >>> 40) & 0xff;
        mss = (int) (high >>> 48) & 0xffff;
    }

    /** As after a reset. */
    void clear() {
        load(0, 0);
    }

    /** Where the IP header starts. */
    int ipcss() {
        return ipcss;
    }

    /** Where its checksum goes. */
    int ipcso() {
        return ipcso;
    }

    /** Its last byte; 0 for the end of the frame. */
    int ipcse() {
        return ipcse;
    }

    /** Where the transport checksum starts. */
    int tucss() {
        return tucss;
    }

    /** Where it goes. */
    int tucso() {
        return tucso;
    }

    /** Its last byte; 0 for the end of the frame. */
    int tucse() {
        return tucse;
    }

    /** All headers together. */
    int headerBytes() {
        return headerBytes;
    }

    /** Payload bytes of a segment. */
    int mss() {
        return mss;
    }

    boolean isTcp() {
        return tcp;
    }

    boolean isIpv4() {
        return ipv4;
    }
}
