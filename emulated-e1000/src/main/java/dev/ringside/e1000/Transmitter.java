package dev.ringside.e1000;

import dev.ringside.link.Frame;
import dev.ringside.pci.Dma;
import dev.ringside.pci.DmaFence;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Takes descriptors from the transmit ring, and sends the frames that they describe (§3.3, §3.4).
 *
 * <pre>
 *   IDLE --fetch a batch of descriptors--> FETCHING --> GATHERING  one descriptor after the other:
 *     ^                                                     |       contexts are kept, buffers collected
 *     |                                                     v  at the end of a packet
 *     +-------- interrupt, head moves -------- STORING &lt;-- SENDING  when its bytes can be reached
 *                                          (descriptors written back)
 * </pre>
 */
final class Transmitter {
    /** Where frames go. */
    @FunctionalInterface
    interface Output {
        /**
         * Takes a frame; neither it nor its memory is used after the return.
         *
         * @return whether there was room for it; if not, {@link #resume} follows when there is
         */
        boolean send(Frame frame);
    }

    private static final int TCTL_EN = 1 << 1;
    private static final int DELAY_MASK = 0xffff;
    private static final int LWTHRESH_SHIFT = 25;
    private static final int LWTHRESH_UNIT = 8;

    /** Descriptors fetched at a time. */
    private static final int BATCH = 64;
    /** Packets sent in one go, before the loop's other work gets its turn. */
    static final int BUDGET = 128;

    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private enum Phase {
        IDLE,
        FETCHING,
        GATHERING,
        SENDING,
        STORING
    }

    private final RegisterFile registers;
    private final Host host;
    private final Interrupts interrupts;
    private final Statistics statistics;
    private final PauseFrames pause;
    private final Timers timers;
    private final Output output;
    private final DescriptorRing ring;
    private final DelayTimer delay;
    private final TransmitContext checksumContext = new TransmitContext();
    private final TransmitContext segmentContext = new TransmitContext();
    private final TransmitFrame maker = new TransmitFrame();
    private final TransmitPacket packet;

    private final MemorySegment batch =
            Arena.ofAuto().allocate((long) BATCH * DescriptorRing.DESCRIPTOR_BYTES, DescriptorRing.DESCRIPTOR_BYTES);

    private Phase phase = Phase.IDLE;
    private DmaFence fence = new DmaFence(this::run);
    private boolean broken;
    private boolean refused;
    private boolean again;
    private int batchNext;
    private int batchEnd;
    /** Ring index of the next descriptor of the batch. */
    private int index;

    private int causes;

    Transmitter(
            RegisterFile registers,
            Host host,
            Interrupts interrupts,
            Statistics statistics,
            PauseFrames pause,
            Timers timers,
            Output output) {
        this.registers = registers;
        this.host = host;
        this.interrupts = interrupts;
        this.statistics = statistics;
        this.pause = pause;
        this.timers = timers;
        this.output = output;
        this.ring = DescriptorRing.transmit(registers);
        this.packet = new TransmitPacket(registers, ring);
        this.delay = new DelayTimer(timers, () -> interrupts.raise(Interrupts.TXDW));
    }

    /** Sends what there is to send. */
    void run() {
        int budget = BUDGET;
        while (fence.isIdle()) {
            Dma dma = host.dma();
            if (dma == null || broken || refused) {
                return;
            }
            switch (phase) {
                case IDLE -> {
                    if (!fetch(dma)) {
                        return;
                    }
                }
                case FETCHING -> phase = fence.takeFailure() ? breakRing() : Phase.GATHERING;
                case GATHERING -> phase = gather(dma);
                case SENDING -> {
                    if (!send(dma)) {
                        return;
                    }
                    phase = Phase.STORING;
                    budget--;
                }
                case STORING -> {
                    if (packet.writeBack(dma, fence)) {
                        continue;
                    }
                    stored();
                    phase = batchNext < batchEnd ? Phase.GATHERING : Phase.IDLE;
                    if (budget == 0) {
                        runAgain();
                        return;
                    }
                }
            }
        }
    }

    private void runAgain() {
        if (!again) {
            again = true;
            timers.after(0, () -> {
                again = false;
                run();
            });
        }
    }

    private Phase breakRing() {
        host.masterAbort();
        broken = true;
        return Phase.IDLE;
    }

    /** Returns whether there is anything to fetch. */
    private boolean fetch(Dma dma) {
        if (!registers.has(Register.TCTL, TCTL_EN) || !ring.isSane() || pause.isPaused()) {
            return false;
        }
        if (!packet.isOpen()) {
            index = ring.head();
        }
        int count = Math.min(BATCH, ring.inARow(index));
        if (count == 0) {
            // A packet without an end is looked at again from its beginning when there is more: its memory may change.
            packet.clear();
            return false;
        }
        batchNext = 0;
        batchEnd = count;
        phase = Phase.FETCHING;
        dma.read(ring.address(index), batch, 0, count * DescriptorRing.DESCRIPTOR_BYTES, fence);
        if (!fence.isIdle()) {
            packet.stage();
        }
        return true;
    }

    /** Goes through the batch up to the end of a packet. */
    private Phase gather(Dma dma) {
        while (batchNext < batchEnd) {
            long at = (long) batchNext * DescriptorRing.DESCRIPTOR_BYTES;
            long low = batch.get(U64, at);
            long high = batch.get(U64, at + Long.BYTES);
            batchNext++;
            int command = (int) (high >>> 24);
            packet.report(index, high, dma, fence);
            index = ring.plus(index, 1);
            if ((command & TransmitPacket.CMD_DEXT) != 0 && (high >>> 20 & 0xf) == 0) {
                ((command & TransmitPacket.CMD_TSE) != 0 ? segmentContext : checksumContext).load(low, high);
                if (!packet.isOpen()) {
                    return Phase.STORING;
                }
            } else {
                packet.add(low, high, dma, fence);
                if ((command & TransmitPacket.CMD_EOP) != 0) {
                    return Phase.SENDING;
                }
            }
        }
        // The packet goes on in descriptors that have not been fetched, or not been written.
        return Phase.IDLE;
    }

    /** Returns whether the packet is done with, sent or not. */
    private boolean send(Dma dma) {
        TransmitContext context = packet.work().tse ? segmentContext : checksumContext;
        if (fence.takeFailure()) {
            host.masterAbort();
        } else if (!packet.isOverlong() && make(context)) {
            if (!output.send(maker.frame())) {
                // Guest memory must not be held for so long: the packet is looked at again from its beginning.
                refused = true;
                rewind();
                return false;
            }
            countSent(context);
        } else if (packet.work().tse) {
            statistics.count(Register.TSCTFC);
        }
        packet.writeBack(dma, fence);
        return true;
    }

    private boolean make(TransmitContext context) {
        try {
            return maker.make(packet.bytes(), packet.work(), context)
                    && maker.frame().header().fault(maker.frame().bytes()) == null;
        } catch (InternalError e) {
            // The JVM's word for SIGBUS: the memory of the packet has gone.
            host.masterAbort();
            return false;
        }
    }

    private void countSent(TransmitContext context) {
        long destination = maker.frame().mac(0);
        int whole = maker.segments();
        if (packet.work().tse) {
            statistics.count(Register.TSCTC);
        }
        if (whole > 1) {
            whole--;
            statistics.sent(1, maker.lastSegmentBytes(context, packet.bytes().bytes()), destination);
        }
        statistics.sent(whole, maker.segmentBytes(), destination);
    }

    /** Descriptors have been written back: the driver may have them. */
    private void stored() {
        if (fence.takeFailure()) {
            breakRing();
            return;
        }
        if (ring.isSane()) {
            int before = ring.toTail(ring.head());
            ring.head(index);
            signal(before);
        }
        packet.clear();
    }

    private void signal(int before) {
        if (packet.isReported()) {
            int ticks = registers.get(Register.TIDV) & DELAY_MASK;
            if (packet.isDelayed() && ticks != 0) {
                delay.start(ticks, registers.get(Register.TADV) & DELAY_MASK);
            } else {
                delay.cancel();
                causes |= Interrupts.TXDW;
            }
        }
        int left = ring.toTail(ring.head());
        if (left == 0) {
            causes |= Interrupts.TXQE;
        }
        int threshold = (registers.get(Register.TXDCTL) >>> LWTHRESH_SHIFT) * LWTHRESH_UNIT;
        if (threshold > 0 && left <= threshold && before > threshold) {
            causes |= Interrupts.TXD_LOW;
        }
        if (causes != 0) {
            interrupts.raise(causes);
            causes = 0;
        }
    }

    /** There is room behind the output again, or the partner's pause is over. */
    void resume() {
        refused = false;
        run();
    }

    private void rewind() {
        phase = Phase.IDLE;
        batchNext = 0;
        batchEnd = 0;
        packet.clear();
    }

    /** TIDV.FPD: the interrupt becomes due at once. */
    void flushDelay() {
        delay.flush();
    }

    /** The ring's registers were written: what was fetched from it is no longer true. */
    void ringChanged() {
        broken = false;
        restart();
        run();
    }

    private void restart() {
        fence.abandon();
        fence = new DmaFence(this::run);
        causes = 0;
        rewind();
    }

    /** The registers have been reset. */
    void reset() {
        broken = false;
        restart();
        delay.cancel();
        checksumContext.clear();
        segmentContext.clear();
    }
}
