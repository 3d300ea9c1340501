package dev.ringside.e1000;

import dev.ringside.link.Frame;
import dev.ringside.link.Iovec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32;

/**
 * One received frame in the card's own memory: as the driver is going to see it, without the VLAN tag that was stripped,
 * padded, and with its FCS if that is wanted.
 */
final class PacketMemory {
    /** The longest frame that the card receives, with its FCS (§3.2.1). */
    static final int MAX_WIRE_BYTES = 16384;

    private static final int MIN_BYTES = 60;
    private static final int ADDRESSES_BYTES = 12;
    private static final int VLAN_BYTES = 4;
    private static final ValueLayout.OfInt LE32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment memory = Arena.ofAuto().allocate(MAX_WIRE_BYTES, 64);
    private final ByteBuffer view = memory.asByteBuffer();
    private final CRC32 crc = new CRC32();
    private final Iovec room = new Iovec();
    private int bytes;
    private int wireBytes;

    /** Room for the longest frame, to be filled by a link; {@link #stored} follows. */
    Iovec room() {
        if (room.count() == 0) {
            room.add(memory.address(), MAX_WIRE_BYTES - Statistics.FCS_BYTES);
        }
        return room;
    }

    /** Takes a frame in, of at most {@link #MAX_WIRE_BYTES} with its FCS. */
    void store(Frame frame) {
        frame.copyTo(0, memory, 0, frame.bytes());
        stored(frame.bytes());
    }

    /** A frame lies in memory: it is padded as it was on the wire. */
    void stored(int frameBytes) {
        bytes = frameBytes;
        if (bytes < MIN_BYTES) {
            memory.asSlice(bytes, MIN_BYTES - bytes).fill((byte) 0);
            bytes = MIN_BYTES;
        }
        wireBytes = bytes + Statistics.FCS_BYTES;
    }

    MemorySegment memory() {
        return memory;
    }

    /** What is in memory. */
    int bytes() {
        return bytes;
    }

    /** What was on the wire, with FCS. */
    int wireBytes() {
        return wireBytes;
    }

    /** The destination address, its first byte highest. */
    long destination() {
        return (long) OnesComplement.u16(memory, 0) << 32
                | (long) OnesComplement.u16(memory, 2) << 16
                | OnesComplement.u16(memory, 4);
    }

    /** The two bytes at an offset, in network order. */
    int u16(int offset) {
        return OnesComplement.u16(memory, offset);
    }

    /** Appends the FCS of the frame as it was on the wire: before a tag is stripped. */
    void appendFcs() {
        crc.reset();
        crc.update(view.limit(bytes).position(0));
        memory.set(LE32, bytes, (int) crc.getValue());
        bytes += Statistics.FCS_BYTES;
    }

    /** Takes the VLAN tag out. */
    void stripTag() {
        int behind = ADDRESSES_BYTES + VLAN_BYTES;
        MemorySegment.copy(memory, behind, memory, ADDRESSES_BYTES, bytes - behind);
        bytes -= VLAN_BYTES;
    }
}
