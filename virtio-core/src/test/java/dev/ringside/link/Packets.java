package dev.ringside.link;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Random;

/** Frames for tests, and checksums by the book: word by word, as RFC 1071 describes them. */
final class Packets {
    static final int TCP = 6;
    static final int UDP = 17;

    private Packets() {}

    /** A TCP or UDP packet whose checksum holds the pseudo-header's sum only, as a sender with offload leaves it. */
    static byte[] packet(boolean v4, int protocol, int payload) {
        int ipBytes = v4 ? 20 : 40;
        int transportBytes = protocol == TCP ? 32 : 8;
        int length = transportBytes + payload;
        ByteBuffer bytes = ByteBuffer.allocate(14 + ipBytes + length);
        bytes.put(new byte[] {0x52, 0x54, 0, 0, 0, 2, 0x52, 0x54, 0, 0, 0, 1});
        bytes.putShort((short) (v4 ? 0x0800 : 0x86dd));
        if (v4) {
            bytes.put((byte) 0x45).put((byte) 0).putShort((short) (ipBytes + length));
            bytes.putShort((short) 0xfffe).putShort((short) 0).put((byte) 64).put((byte) protocol);
            bytes.putShort((short) 0).putInt(0x0a000001).putInt(0x0a000002);
            bytes.putShort(24, (short) ~sum(bytes.array(), 14, 20, 0));
        } else {
            bytes.putInt(0x6000_0000)
                    .putShort((short) length)
                    .put((byte) protocol)
                    .put((byte) 64);
            bytes.putLong(0xfd00L << 48).putLong(1).putLong(0xfd00L << 48).putLong(2);
        }
        int transport = 14 + ipBytes;
        bytes.putShort((short) 1000).putShort((short) 2000);
        if (protocol == TCP) {
            bytes.putInt(0xffff_ff00)
                    .putInt(77)
                    .put((byte) 0x80)
                    .put((byte) 0x99)
                    .putShort((short) 500);
        } else {
            bytes.putShort((short) length);
        }
        int at = transport + (protocol == TCP ? 16 : 6);
        bytes.putShort(at, (short) pseudo(bytes.array(), v4, protocol, length));
        for (int i = 0; i < payload; i++) {
            bytes.put(transport + transportBytes + i, (byte) (i * 7 + i / 251));
        }
        return bytes.array();
    }

    /** A frame over these bytes, in pieces at random places of random memory. */
    static Frame frame(byte[] bytes, Random random) {
        Frame frame = new Frame();
        for (int at = 0; at < bytes.length; ) {
            int count = Math.min(bytes.length - at, 1 + random.nextInt(random.nextBoolean() ? 7 : 3000));
            MemorySegment piece = Arena.ofAuto().allocate(count + 3L);
            int from = random.nextInt(4);
            MemorySegment.copy(MemorySegment.ofArray(bytes), at, piece, from, count);
            frame.add(piece, from, count);
            at += count;
        }
        return frame;
    }

    static byte[] bytes(Frame frame) {
        byte[] bytes = new byte[frame.bytes()];
        frame.copyTo(0, MemorySegment.ofArray(bytes), 0, bytes.length);
        return bytes;
    }

    static int u16(byte[] bytes, int at) {
        return ((bytes[at] & 0xff) << 8) | (bytes[at + 1] & 0xff);
    }

    static long u32(byte[] bytes, int at) {
        return ((long) u16(bytes, at) << 16) | u16(bytes, at + 2);
    }

    static int pseudo(byte[] bytes, boolean v4, int protocol, int length) {
        int addresses = v4 ? sum(bytes, 26, 8, 0) : sum(bytes, 22, 32, 0);
        int sum = addresses + protocol + length;
        return (sum & 0xffff) + (sum >>> 16);
    }

    static int sum(byte[] bytes, int from, int count, int initial) {
        int sum = initial;
        for (int i = 0; i < count; i++) {
            sum += (bytes[from + i] & 0xff) << (i % 2 == 0 ? 8 : 0);
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return sum;
    }

    /** Whether the IPv4 header's checksum and the transport checksum are right. */
    static boolean isSound(byte[] bytes, boolean v4, int protocol) {
        int ip = v4 ? 20 : 40;
        int length = bytes.length - 14 - ip;
        boolean header = !v4 || sum(bytes, 14, 20, 0) == 0xffff;
        return header && sum(bytes, 14 + ip, length, pseudo(bytes, v4, protocol, length)) == 0xffff;
    }
}
