package dev.ringside.blk.storage.nbd;

import dev.ringside.linux.Errno;

/**
 * What a server says of an export (proto.md, "Transmission flags", "Block size constraints"). Checked.
 *
 * @param size in bytes, at least 0
 * @param flags the transmission flags
 * @param minimumBlock offsets and lengths are multiples of it; a power of two, 1 to {@link #MAX_BLOCK}
 * @param preferredBlock what is read and written without detours; a power of two up to {@link #MAX_BLOCK}
 * @param maximumPayload the most bytes that one READ or WRITE may move; a multiple of {@code minimumBlock}
 * @param structured whether replies to READ are structured
 */
record Export(long size, int flags, int minimumBlock, int preferredBlock, int maximumPayload, boolean structured) {
    /** The largest block that is believed; the protocol wants no larger minimum. */
    static final int MAX_BLOCK = 1 << 16;
    /** Of servers that set no other limit, and ours in any case. */
    static final int MAX_PAYLOAD = 32 << 20;

    static final int DEFAULT_PREFERRED_BLOCK = 4096;

    boolean isReadOnly() {
        return has(Nbd.FLAG_READ_ONLY);
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /**
     * Why something cannot be asked of this export, as an errno; 0 if it can.
     *
     * @param type of the command
     */
    int obstacle(int type, long offset, long bytes) {
        int needed = switch (type) {
            case Nbd.CMD_TRIM -> Nbd.FLAG_SEND_TRIM;
            case Nbd.CMD_WRITE_ZEROES -> Nbd.FLAG_SEND_WRITE_ZEROES;
            default -> Nbd.FLAG_HAS_FLAGS;
        };
        if (!has(needed)) {
            return Errno.EOPNOTSUPP;
        }
        // Not read, modified and written: the device is not offered with blocks smaller than the server's.
        return ((offset | bytes) & (minimumBlock - 1)) == 0 ? 0 : Errno.EINVAL;
    }

    /** Whether a flush on one connection covers what was written on others. */
    boolean canMultiConn() {
        return has(Nbd.FLAG_CAN_MULTI_CONN);
    }
}
