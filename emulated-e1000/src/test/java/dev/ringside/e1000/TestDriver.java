package dev.ringside.e1000;

import dev.ringside.link.Frame;
import dev.ringside.pci.ConfigSpace;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** A card on a fake bus, and the least of a driver for it: both rings, in guest memory at fixed places. */
final class TestDriver {
    static final byte[] MAC = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
    static final int TX_RING = 0x1000;
    static final int RX_RING = 0x2000;
    static final int RING = 16;
    static final int TX_BUFFERS = 0x10000;
    static final int RX_BUFFERS = 0x40000;
    static final int BUFFER_BYTES = 2048;

    static final int RCTL_EN = 1 << 1;
    static final int RCTL_SECRC = 1 << 26;
    static final int RCTL_BAM = 1 << 15;
    static final int TCTL_EN = 1 << 1;
    static final int TCTL_PSP = 1 << 3;
    static final int EOP = 1 << 24;
    static final int IFCS = 1 << 25;
    static final int RS = 1 << 27;
    static final int DEXT = 1 << 29;
    static final int VLE = 1 << 30;
    static final int DD = 1;

    /** A frame as it left the card. */
    record Sent(byte[] bytes, boolean needsCsum, int csumStart, int csumOffset, int gsoType, int gsoSize, int hdrLen) {}

    final FakeTimers timers = new FakeTimers();
    final FakeBus bus = new FakeBus();
    final ConfigSpace config = new ConfigSpace(0x8086, 0x100e, 2, 0x020000, 0x8086, 0x001e);
    final Card card = new Card(new Eeprom(MAC), config, timers);
    final List<Sent> sent = new ArrayList<>();
    /** What is behind the link does not keep up. */
    boolean full;

    private int txTail;

    TestDriver() {
        config.write(ConfigSpace.COMMAND, new byte[] {ConfigSpace.COMMAND_MASTER | ConfigSpace.COMMAND_MEMORY, 0});
        card.host().plug(bus);
        card.output(this::keep);
        card.phy().cable(true);
        timers.advance(1_000_000_000L);
        read(Register.ICR);
    }

    private boolean keep(Frame frame) {
        if (full) {
            return false;
        }
        MemorySegment copy = MemorySegment.ofArray(new byte[frame.bytes()]);
        frame.copyTo(0, copy, 0, frame.bytes());
        var header = frame.header();
        sent.add(new Sent(
                copy.toArray(ValueLayout.JAVA_BYTE),
                header.needsCsum(),
                header.csumStart(),
                header.csumOffset(),
                header.gsoType(),
                header.gsoSize(),
                header.hdrLen()));
        return true;
    }

    int read(Register register) {
        return card.read(register, 0);
    }

    void write(Register register, int value) {
        card.write(register, 0, value);
    }

    void startTransmit() {
        write(Register.TDBAL, TX_RING);
        write(Register.TDLEN, RING * 16);
        write(Register.TDH, 0);
        write(Register.TDT, 0);
        write(Register.TCTL, TCTL_EN | TCTL_PSP);
    }

    /** All but one of the descriptors, each with a buffer of 2048 bytes. */
    void startReceive(int rctl) {
        for (int i = 0; i < RING; i++) {
            putLong(RX_RING + i * 16, RX_BUFFERS + i * BUFFER_BYTES);
            putLong(RX_RING + i * 16 + 8, 0);
        }
        write(Register.RDBAL, RX_RING);
        write(Register.RDLEN, RING * 16);
        write(Register.RDH, 0);
        write(Register.RDT, RING - 1);
        write(Register.RCTL, RCTL_EN | rctl);
    }

    void putLong(long address, long value) {
        bus.memory.set(ValueLayout.JAVA_LONG_UNALIGNED, address, value);
    }

    long getLong(long address) {
        return bus.memory.get(ValueLayout.JAVA_LONG_UNALIGNED, address);
    }

    void putBytes(long address, byte[] bytes) {
        MemorySegment.copy(bytes, 0, bus.memory, ValueLayout.JAVA_BYTE, address, bytes.length);
    }

    byte[] getBytes(long address, int count) {
        return bus.memory.asSlice(address, count).toArray(ValueLayout.JAVA_BYTE);
    }

    /** Puts a descriptor at the tail, and leaves the tail register alone. */
    int addDescriptor(long low, long high) {
        int index = txTail;
        putLong(TX_RING + index * 16L, low);
        putLong(TX_RING + index * 16L + 8, high);
        txTail = (txTail + 1) % RING;
        return index;
    }

    /** Puts bytes into a buffer of their own, and a legacy or data descriptor for them at the tail. */
    int add(byte[] bytes, long high) {
        long buffer = TX_BUFFERS + (long) txTail * 8192;
        putBytes(buffer, bytes);
        return addDescriptor(buffer, high | bytes.length);
    }

    void kick() {
        write(Register.TDT, txTail);
    }

    /** Upper half of a transmit descriptor. */
    long txBits(int index) {
        return getLong(TX_RING + index * 16L + 8);
    }

    boolean isSent(int index) {
        return (txBits(index) >> 32 & DD) != 0;
    }

    /** Hands a frame to the card. */
    boolean receive(byte[] bytes) {
        Frame frame = new Frame();
        frame.add(MemorySegment.ofArray(bytes), 0, bytes.length);
        return card.receiver().put(frame);
    }

    long rxBits(int index) {
        return getLong(RX_RING + index * 16L + 8);
    }

    /** The bytes that a receive descriptor says were written. */
    byte[] received(int index) {
        return getBytes(RX_BUFFERS + (long) index * BUFFER_BYTES, (int) rxBits(index) & 0xffff);
    }

    /** An Ethernet frame with a recognisable payload. */
    static byte[] frame(long destination, int type, int bytes) {
        byte[] frame = new byte[bytes];
        for (int i = 0; i < 6; i++) {
            frame[i] = (byte) (destination >> (40 - 8 * i));
            frame[6 + i] = MAC[i];
        }
        frame[12] = (byte) (type >> 8);
        frame[13] = (byte) type;
        for (int i = 14; i < bytes; i++) {
            frame[i] = (byte) (i * 7);
        }
        return frame;
    }
}
