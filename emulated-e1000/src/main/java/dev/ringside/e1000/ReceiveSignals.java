package dev.ringside.e1000;

/** Which interrupts a received frame causes, and when (§3.2.7). */
final class ReceiveSignals {
    private static final int RCTL_RDMTS_SHIFT = 8;
    private static final int DELAY_MASK = 0xffff;

    private final RegisterFile registers;
    private final DescriptorRing ring;
    private final Interrupts interrupts;
    private final DelayTimer delay;

    ReceiveSignals(RegisterFile registers, DescriptorRing ring, Interrupts interrupts, Timers timers) {
        this.registers = registers;
        this.ring = ring;
        this.interrupts = interrupts;
        this.delay = new DelayTimer(timers, () -> interrupts.raise(Interrupts.RXT0));
    }

    /**
     * A frame has arrived, and the head has moved.
     *
     * @param used the descriptors that it took
     * @param wireBytes its length on the wire, with FCS
     */
    void received(int used, int wireBytes) {
        int left = ring.toTail(ring.head());
        int before = left + used;
        int fraction = 2 << (registers.get(Register.RCTL) >> RCTL_RDMTS_SHIFT & 3);
        int threshold = ring.size() / fraction;
        int causes = left <= threshold && before > threshold ? Interrupts.RXDMT0 : 0;
        if (wireBytes - Statistics.FCS_BYTES <= registers.get(Register.RSRPD)) {
            causes |= Interrupts.SRPD;
        }
        int ticks = registers.get(Register.RDTR) & DELAY_MASK;
        if (ticks == 0) {
            delay.cancel();
            causes |= Interrupts.RXT0;
        } else {
            delay.start(ticks, registers.get(Register.RADV) & DELAY_MASK);
        }
        interrupts.raise(causes);
    }

    /** RDTR.FPD: an interrupt that was put off becomes due at once. */
    void flush() {
        delay.flush();
    }

    /** The registers have been reset. */
    void cancel() {
        delay.cancel();
    }
}
