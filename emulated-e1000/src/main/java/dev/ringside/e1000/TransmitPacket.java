package dev.ringside.e1000;

import dev.ringside.link.Frame;
import dev.ringside.pci.Dma;
import dev.ringside.pci.DmaFence;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A packet as its descriptors describe it, one after the other (§3.3): its bytes, what is to be done to it, and which of its
 * descriptors the driver wants to hear of.
 *
 * <p>The bytes are pieces of guest memory itself, as long as nothing has to be waited for; otherwise all of them are copied,
 * for guest memory may go away meanwhile.
 */
final class TransmitPacket {
    static final int CMD_EOP = 1;
    /** In a context descriptor or data descriptor. */
    static final int CMD_TSE = 1 << 2;

    static final int CMD_DEXT = 1 << 5;

    private static final int CMD_IFCS = 1 << 1;
    /** In a legacy descriptor. */
    private static final int CMD_IC = 1 << 2;

    private static final int CMD_RS = 1 << 3;
    private static final int CMD_RPS = 1 << 4;
    private static final int CMD_VLE = 1 << 6;
    private static final int CMD_IDE = 1 << 7;
    private static final int POPTS_IXSM = 1;
    private static final int POPTS_TXSM = 1 << 1;
    private static final long STATUS_DD = 1L << 32;

    private static final int TCTL_PSP = 1 << 3;
    private static final int CTRL_VME = 1 << 30;

    /** A packet in more pieces, or longer, is none that the card can send. */
    private static final int MAX_PIECES = 256;

    private final RegisterFile registers;
    private final DescriptorRing ring;
    private final TransmitFrame.Work work = new TransmitFrame.Work();
    private final Frame bytes = new Frame();
    private final Dma.Pieces addPiece = bytes::add;
    private final MemorySegment staging = Arena.ofAuto().allocate(Frame.MAX_BYTES, 64);
    private boolean staged;
    private boolean open;
    private boolean overlong;

    /** Index and upper half of the descriptors that are to be written back. */
    private final int[] reportIndex = new int[MAX_PIECES];

    private final long[] reportBits = new long[MAX_PIECES];
    private int reports;
    private boolean reported;
    private boolean delayed;

    TransmitPacket(RegisterFile registers, DescriptorRing ring) {
        this.registers = registers;
        this.ring = ring;
    }

    /** The bytes so far. */
    Frame bytes() {
        return bytes;
    }

    /** What is to be done, once the packet is complete. */
    TransmitFrame.Work work() {
        return work;
    }

    /** Whether there has been a descriptor of the packet. */
    boolean isOpen() {
        return open;
    }

    /** Whether it is too long to be sent. */
    boolean isOverlong() {
        return overlong;
    }

    /** Whether the driver has been told of a descriptor. */
    boolean isReported() {
        return reported;
    }

    /** Whether the interrupt for that may be put off. */
    boolean isDelayed() {
        return delayed;
    }

    /**
     * Notes that a descriptor is to be written back, if the driver wants that.
     *
     * @param index in the ring
     * @param high its upper half
     */
    void report(int index, long high, Dma dma, DmaFence fence) {
        int command = (int) (high >>> 24);
        if ((command & (CMD_RS | CMD_RPS)) == 0) {
            return;
        }
        if (reports == MAX_PIECES) {
            // Nothing of such a packet is going to be used.
            overlong = true;
            writeBack(dma, fence);
        }
        reportIndex[reports] = index;
        reportBits[reports] = high | STATUS_DD;
        reports++;
        delayed = (command & CMD_IDE) != 0;
    }

    /** Tells the driver of all descriptors that it wants to hear of; returns whether there was any. */
    boolean writeBack(Dma dma, DmaFence fence) {
        boolean any = reports > 0;
        for (int i = 0; i < reports; i++) {
            dma.publish(ring.address(reportIndex[i]) + Long.BYTES, reportBits[i], fence);
        }
        reported |= any;
        reports = 0;
        return any;
    }

    /**
     * Adds the buffer of a legacy or data descriptor.
     *
     * @param low buffer address
     * @param high the descriptor's upper half
     * @param fence idle when the bytes are there
     */
    void add(long low, long high, Dma dma, DmaFence fence) {
        int command = (int) (high >>> 24);
        boolean extended = (command & CMD_DEXT) != 0;
        int length = (int) high & (extended ? 0xfffff : 0xffff);
        if (!open) {
            open = true;
            begin(high, command, extended);
        }
        if ((command & CMD_EOP) != 0) {
            end(high, command, extended);
        }
        if (bytes.pieces() >= MAX_PIECES || bytes.bytes() + length > Frame.MAX_BYTES) {
            overlong = true;
        }
        if (length == 0 || overlong || (!staged && dma.pieces(low, length, false, addPiece))) {
            return;
        }
        stage();
        dma.read(low, staging, bytes.bytes(), length, fence);
        bytes.add(staging, bytes.bytes(), length);
    }

    /** Something has to be waited for: the pieces so far are copied, and those to come are going to be. */
    void stage() {
        if (staged) {
            return;
        }
        staged = true;
        int count = bytes.bytes();
        bytes.copyTo(0, staging, 0, count);
        bytes.clear();
        if (count > 0) {
            bytes.add(staging, 0, count);
        }
    }

    /** The first descriptor says what to do with the packet. */
    private void begin(long high, int command, boolean extended) {
        int popts = extended ? (int) (high >>> 40) & 0xff : 0;
        work.tse = extended && (command & CMD_TSE) != 0;
        work.ixsm = (popts & POPTS_IXSM) != 0;
        work.txsm = (popts & POPTS_TXSM) != 0;
        work.ic = false;
        work.pad = registers.has(Register.TCTL, TCTL_PSP);
    }

    /** So does the last one. */
    private void end(long high, int command, boolean extended) {
        work.hasFcs = (command & CMD_IFCS) == 0;
        work.vle = (command & CMD_VLE) != 0 && registers.has(Register.CTRL, CTRL_VME);
        work.tag = (int) (high >>> 48) & 0xffff;
        work.etherType = registers.get(Register.VET);
        if (!extended) {
            work.ic = (command & CMD_IC) != 0;
            work.cso = (int) (high >>> 16) & 0xff;
            work.css = (int) (high >>> 40) & 0xff;
        }
    }

    /** Makes room for the next packet. */
    void clear() {
        bytes.clear();
        staged = false;
        open = false;
        overlong = false;
        reports = 0;
        reported = false;
        delayed = false;
    }
}
