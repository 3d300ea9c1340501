package dev.ringside.it.support;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** A capture file of Ethernet frames, as far as it has been written. */
public final class Capture {
    private static final int HEADER_BYTES = 24;
    private static final int RECORD_BYTES = 16;
    private static final int MAGIC = 0xa1b2c3d4;
    private static final int ADDRESS_BYTES = 6;

    /**
     * A frame.
     *
     * @param destination and {@code source}, in hexadecimal with colons
     * @param bytes without FCS
     */
    public record Frame(String destination, String source, int bytes) {
        /** Its length on a wire: padded, and with FCS. */
        public int wireBytes() {
            return Math.max(bytes, 60) + 4;
        }

        public boolean isFor(String address) {
            return destination.equals(address);
        }

        public boolean isBroadcast() {
            return destination.equals("ff:ff:ff:ff:ff:ff");
        }

        /** Whether it is for a group, but not for all. */
        public boolean isMulticast() {
            return (Integer.parseInt(destination.substring(0, 2), 16) & 1) != 0 && !isBroadcast();
        }
    }

    private Capture() {}

    /** The frames that there are, without the first ones. */
    public static List<Frame> read(Path file, int skip) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.remaining() < HEADER_BYTES || bytes.getInt() != MAGIC) {
            throw new IOException(file + " is no capture");
        }
        bytes.position(HEADER_BYTES);
        List<Frame> frames = new ArrayList<>();
        while (bytes.remaining() >= RECORD_BYTES) {
            int captured = bytes.getInt(bytes.position() + 8);
            int length = bytes.getInt(bytes.position() + 12);
            bytes.position(bytes.position() + RECORD_BYTES);
            if (bytes.remaining() < captured) {
                break;
            }
            frames.add(new Frame(address(bytes, 0), address(bytes, ADDRESS_BYTES), length));
            bytes.position(bytes.position() + captured);
        }
        return frames.subList(skip, frames.size());
    }

    private static String address(ByteBuffer frame, int offset) {
        byte[] address = new byte[ADDRESS_BYTES];
        frame.get(frame.position() + offset, address);
        return HexFormat.ofDelimiter(":").formatHex(address);
    }
}
