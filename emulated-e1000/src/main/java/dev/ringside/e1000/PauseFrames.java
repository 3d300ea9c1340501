package dev.ringside.e1000;

/** Flow control (IEEE 802.3 annex 31B, §8.6): frames of the partner that ask the card to stop sending for a while. */
final class PauseFrames {
    /** CTRL.RFCE: what the partner asks is done. */
    private static final int CTRL_RFCE = 1 << 27;

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
    private long pausedUntil;
    private boolean paused;

    /** @param resumed sending is allowed again */
    PauseFrames(RegisterFile registers, Statistics statistics, Timers timers, Runnable resumed) {
        this.registers = registers;
        this.statistics = statistics;
        this.timers = timers;
        this.resumed = resumed;
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

    void reset() {
        paused = false;
    }
}
