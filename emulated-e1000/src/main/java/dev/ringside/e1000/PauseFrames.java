package dev.ringside.e1000;

import dev.ringside.link.Frame;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Flow control (IEEE 802.3 annex 31B, §8.6): frames by which one side asks the other to stop sending for a while, and to go on.
 */
final class PauseFrames {
    /** CTRL.RFCE: what the partner asks is done. */
    private static final int CTRL_RFCE = 1 << 27;
    /** CTRL.TFCE: the card asks when it has no room. */
    private static final int CTRL_TFCE = 1 << 28;
    /** FCRTL.XONE: and says when it has room again. */
    private static final int FCRTL_XONE = 1 << 31;

    private static final int FRAME_BYTES = 60;
    private static final int SOURCE_OFFSET = 6;

    private static final int TYPE_OFFSET = 12;
    private static final int OPCODE_OFFSET = 14;
    private static final int QUANTA_OFFSET = 16;
    private static final int OPCODE_PAUSE = 1;
    private static final int MAC_CONTROL = 0x8808;
    private static final long PAUSE_ADDRESS = 0x0180_c200_0001L;
    /** 512 bit times at 1 Gb/s. */
    private static final long QUANTUM_NANOS = 512;

    private final RegisterFile registers;
    private final Statistics statistics;
    private final Timers timers;
    private final Runnable resumed;
    private final Transmitter.Output output;
    private final MemorySegment memory = Arena.ofAuto().allocate(FRAME_BYTES, 8);
    private final Frame frame = new Frame();
    private long pausedUntil;
    private boolean paused;
    /** The partner has been asked to stop, and not to go on. */
    private boolean partnerStopped;

    /**
     * @param resumed sending is allowed again
     * @param output takes the card's own frames
     */
    PauseFrames(
            RegisterFile registers, Statistics statistics, Timers timers, Runnable resumed, Transmitter.Output output) {
        this.registers = registers;
        this.statistics = statistics;
        this.timers = timers;
        this.resumed = resumed;
        this.output = output;
        frame.add(memory, 0, FRAME_BYTES);
    }

    /** Takes note of a received frame; returns whether it was one of these. */
    boolean receive(PacketMemory packet) {
        boolean address = packet.destination() == PAUSE_ADDRESS || packet.destination() == ownAddress();
        int type = packet.u16(TYPE_OFFSET);
        if (!address || (type != MAC_CONTROL && type != registers.get(Register.FCT)) || type == 0) {
            return false;
        }
        if (packet.u16(OPCODE_OFFSET) != OPCODE_PAUSE || !registers.has(Register.CTRL, CTRL_RFCE)) {
            statistics.count(Register.FCRUC);
            return true;
        }
        int quanta = packet.u16(QUANTA_OFFSET);
        statistics.count(quanta == 0 ? Register.XONRXC : Register.XOFFRXC);
        pausedUntil = timers.nanos() + quanta * QUANTUM_NANOS;
        if (quanta == 0) {
            resume();
        } else if (!paused) {
            paused = true;
            timers.after(quanta * QUANTUM_NANOS, this::wake);
        }
        return true;
    }

    private long ownAddress() {
        long low = Integer.toUnsignedLong(registers.get(Register.FCAL));
        long swapped = (long) registers.get(Register.FCAH) << 32 | low;
        return Long.reverseBytes(swapped) >>> 16;
    }

    private void wake() {
        long left = pausedUntil - timers.nanos();
        if (paused && left > 0) {
            timers.after(left, this::wake);
        } else {
            resume();
        }
    }

    private void resume() {
        if (paused) {
            paused = false;
            resumed.run();
        }
    }

    /** Whether nothing may be sent. */
    boolean isPaused() {
        return paused && pausedUntil - timers.nanos() > 0;
    }

    /** There is no room for what comes in. The link has just been told so, and is not sent to from within that. */
    void full() {
        if (!partnerStopped && registers.has(Register.CTRL, CTRL_TFCE)) {
            partnerStopped = true;
            timers.after(0, () -> send(registers.get(Register.FCTTV)));
        }
    }

    /** There is room again. */
    void drained() {
        if (partnerStopped) {
            partnerStopped = false;
            if (registers.has(Register.FCRTL, FCRTL_XONE)) {
                timers.after(0, () -> send(0));
            }
        }
    }

    /**
     * Asks the partner to stop.
     *
     * @param quanta for how long, in units of 512 bit times; 0 to go on
     */
    void send(int quanta) {
        memory.fill((byte) 0);
        OnesComplement.putU16(memory, 0, (int) (PAUSE_ADDRESS >>> 32));
        OnesComplement.putU16(memory, 2, (int) (PAUSE_ADDRESS >>> 16));
        OnesComplement.putU16(memory, 4, (int) PAUSE_ADDRESS);
        int low = registers.get(Register.RA, 0);
        OnesComplement.putU16(memory, SOURCE_OFFSET, Short.reverseBytes((short) low));
        OnesComplement.putU16(memory, SOURCE_OFFSET + 2, Short.reverseBytes((short) (low >>> 16)));
        OnesComplement.putU16(memory, SOURCE_OFFSET + 4, Short.reverseBytes((short) registers.get(Register.RA, 1)));
        OnesComplement.putU16(memory, TYPE_OFFSET, MAC_CONTROL);
        OnesComplement.putU16(memory, OPCODE_OFFSET, OPCODE_PAUSE);
        OnesComplement.putU16(memory, QUANTA_OFFSET, quanta);
        if (output.send(frame)) {
            statistics.count(quanta == 0 ? Register.XONTXC : Register.XOFFTXC);
        }
    }

    void reset() {
        paused = false;
        partnerStopped = false;
    }
}
