package dev.ringside.net;

import dev.ringside.link.Frame;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * The frame by which switches learn that a station has moved: a reverse ARP request (RFC 903) that nobody answers, as
 * QEMU sends it after a migration.
 */
final class Rarp {
    /** Without FCS. */
    private static final int MIN_FRAME_BYTES = 60;

    private static final short TYPE_RARP = (short) 0x8035;
    private static final short ETHERNET = 1;
    private static final short IPV4 = 0x0800;
    private static final short LENGTHS = 0x0604;
    private static final short REQUEST_REVERSE = 3;

    private Rarp() {}

    /** @param mac of the station, first byte lowest */
    static Frame announcement(long mac) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(MIN_FRAME_BYTES);
        putMac(bytes, -1);
        putMac(bytes, mac);
        bytes.putShort(TYPE_RARP)
                .putShort(ETHERNET)
                .putShort(IPV4)
                .putShort(LENGTHS)
                .putShort(REQUEST_REVERSE);
        putMac(bytes, mac);
        bytes.putInt(0);
        putMac(bytes, mac);
        Frame frame = new Frame();
        frame.add(MemorySegment.ofBuffer(bytes.clear()), 0, MIN_FRAME_BYTES);
        return frame;
    }

    private static void putMac(ByteBuffer bytes, long mac) {
        for (int i = 0; i < 6; i++) {
            bytes.put((byte) (mac >>> (8 * i)));
        }
    }
}
