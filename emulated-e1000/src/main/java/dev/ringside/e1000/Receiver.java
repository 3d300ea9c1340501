package dev.ringside.e1000;

import dev.ringside.link.Frame;
import dev.ringside.link.Iovec;
import dev.ringside.link.NetHeader;
import dev.ringside.link.RxBuffers;
import dev.ringside.pci.Dma;
import dev.ringside.pci.DmaFence;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Takes frames from the link and puts them into the driver's buffers (§3.2).
 *
 * <pre>
 *   IDLE --put--> FILLING  &lt;--fetch descriptors--&gt; FETCHING
 *     ^              |  waits here for descriptors, until RDT is written
 *     +-- write data and descriptors;  the head moves, and the driver is told, when all of a frame is written
 * </pre>
 *
 * <p>One frame is in work at a time, for as long as there is no room for it; meanwhile the link is asked to keep the others.
 * Where writing takes its time, several frames are on their way, and arrive in order.
 */
final class Receiver implements RxBuffers {
    private static final int RCTL_EN = 1 << 1;
    private static final int RCTL_LPE = 1 << 5;
    private static final int RCTL_BSIZE_SHIFT = 16;
    private static final int RCTL_PMCF = 1 << 23;
    private static final int RCTL_BSEX = 1 << 25;
    private static final int RCTL_SECRC = 1 << 26;
    private static final int CTRL_VME = 1 << 30;

    private static final int STATUS_DD = 1;
    private static final int STATUS_EOP = 1 << 1;
    private static final int STATUS_VP = 1 << 3;
    private static final int STATUS_PIF = 1 << 7;

    private static final int TYPE_OFFSET = 12;
    private static final int TAG_BYTES = 4;
    /** The longest frame without RCTL.LPE, tagged or not. */
    private static final int MAX_WIRE_BYTES = 1522;

    private enum Phase {
        IDLE,
        FILLING,
        FETCHING
    }

    /** A frame on its way into guest memory; {@code used} descriptors are handed back when the fence is idle. */
    private record Stored(DmaFence fence, int used, int wireBytes) {}

    /** Frames that may be on their way. */
    private static final int MAX_STORED = 64;

    private final RegisterFile registers;
    private final Host host;
    private final Interrupts interrupts;
    private final Statistics statistics;
    private final DescriptorRing ring;
    private final ReceiveDescriptors descriptors;
    private final ReceiveFilter filter;
    private final ReceiveChecksum checksum;
    private final PauseFrames pause;
    private final MacLink link;
    private final ReceiveSignals signals;
    private final PacketMemory packet = new PacketMemory();
    private Runnable roomAgain = () -> {};

    private Phase phase = Phase.IDLE;
    private DmaFence fence = new DmaFence(this::progress);
    private final Deque<Stored> onTheirWay = new ArrayDeque<>();
    /** Descriptors of all of them together. */
    private int usedAhead;

    private boolean refused;
    private boolean broken;

    private int frameBytes;
    private int statusBits;
    private int packetChecksum;
    private int tag;

    Receiver(
            RegisterFile registers,
            Host host,
            Interrupts interrupts,
            Statistics statistics,
            PauseFrames pause,
            Timers timers,
            MacLink link) {
        this.registers = registers;
        this.host = host;
        this.interrupts = interrupts;
        this.statistics = statistics;
        this.pause = pause;
        this.link = link;
        this.ring = DescriptorRing.receive(registers);
        this.descriptors = new ReceiveDescriptors(ring);
        this.filter = new ReceiveFilter(registers);
        this.checksum = new ReceiveChecksum(registers);
        this.signals = new ReceiveSignals(registers, ring, interrupts, timers);
    }

    /** @param task tells the link that there is room again */
    void onRoomAgain(Runnable task) {
        roomAgain = task;
    }

    private boolean isEnabled() {
        return (link.isUp() || link.isLoopback())
                && registers.has(Register.RCTL, RCTL_EN)
                && !broken
                && ring.isSane()
                && host.dma() != null;
    }

    @Override
    public boolean put(Frame frame) {
        if (isBusy()) {
            return false;
        }
        int wireBytes = frame.bytes() + Statistics.FCS_BYTES;
        if (wireBytes > PacketMemory.MAX_WIRE_BYTES) {
            tooLong(wireBytes, frame.mac(0));
        } else if (frame.bytes() >= Frame.ETHERNET_BYTES && !link.isLoopback()) {
            packet.store(frame);
            receive();
        }
        return true;
    }

    /** Nothing is kept of a frame that is larger than the card's memory for it. */
    private void tooLong(int wireBytes, long destination) {
        if (isEnabled()) {
            statistics.arrived(wireBytes);
            if (filter.passesAddress(destination)) {
                statistics.oversized();
            }
        }
    }

    /** A link that can do so reads into the card's packet memory, which saves a copy. */
    @Override
    public @Nullable Iovec prepare() {
        return isBusy() ? null : packet.room();
    }

    @Override
    public void commit(NetHeader header, int bytes) {
        if (bytes >= Frame.ETHERNET_BYTES && !link.isLoopback()) {
            packet.stored(bytes);
            receive();
        }
    }

    private boolean isBusy() {
        if (phase == Phase.IDLE && onTheirWay.size() < MAX_STORED) {
            return false;
        }
        refused = true;
        pause.full();
        return true;
    }

    /** Index of the descriptor that comes next: the head does not move before a frame has arrived. */
    private int next() {
        return ring.plus(ring.head(), usedAhead);
    }

    /** Takes a frame of the card itself; it is lost if there is no room. */
    void putLooped(Frame frame) {
        if (phase == Phase.IDLE) {
            packet.store(frame);
            receive();
        }
    }

    /** A frame is in packet memory: it is dropped, or comes into work and perhaps waits for buffers. */
    private void receive() {
        if (!isEnabled()) {
            return;
        }
        statistics.arrived(packet.wireBytes());
        if (!isWanted()) {
            return;
        }
        int needed = buffersFor(packet.wireBytes());
        if (needed >= ring.size()) {
            statistics.count(Register.MPC);
            interrupts.raise(Interrupts.RXO);
            return;
        }
        if (needed > ring.toTail(next())) {
            statistics.count(Register.RNBC);
        }
        statistics.received(packet.wireBytes(), packet.destination());
        dress();
        phase = Phase.FILLING;
        run();
    }

    private boolean isWanted() {
        if (pause.receive(packet) && !registers.has(Register.RCTL, RCTL_PMCF)) {
            return false;
        }
        boolean tagged = packet.u16(TYPE_OFFSET) == registers.get(Register.VET);
        if (!filter.passesAddress(packet.destination())
                || (tagged && !filter.passesVlan(packet.u16(TYPE_OFFSET + 2)))) {
            return false;
        }
        if (packet.wireBytes() > MAX_WIRE_BYTES && !registers.has(Register.RCTL, RCTL_LPE)) {
            statistics.oversized();
            return false;
        }
        return true;
    }

    private int bufferBytes() {
        int rctl = registers.get(Register.RCTL);
        int size = rctl >> RCTL_BSIZE_SHIFT & 3;
        // With BSEX, size 0 is reserved: 2048 then, too.
        return (rctl & RCTL_BSEX) != 0 && size != 0 ? 32768 >> size : 2048 >> size;
    }

    private int buffersFor(int bytes) {
        int each = bufferBytes();
        return (bytes + each - 1) / each;
    }

    private void dress() {
        boolean tagged = packet.u16(TYPE_OFFSET) == registers.get(Register.VET);
        checksum.inspect(packet.memory(), packet.bytes(), tagged ? TYPE_OFFSET + TAG_BYTES : TYPE_OFFSET);
        packetChecksum = checksum.packetChecksum(packet.memory(), packet.bytes());
        boolean group = (packet.destination() >>> 40 & 1) != 0;
        statusBits = checksum.status() | (group ? STATUS_PIF : 0) | checksum.errors() << 8;
        tag = 0;
        if (!registers.has(Register.RCTL, RCTL_SECRC)) {
            packet.appendFcs();
        }
        if (tagged && registers.has(Register.CTRL, CTRL_VME)) {
            tag = packet.u16(TYPE_OFFSET + 2);
            statusBits |= STATUS_VP;
            packet.stripTag();
        }
        frameBytes = packet.bytes();
    }

    /** DMA has made progress. */
    private void progress() {
        run();
        finish();
        if (phase == Phase.IDLE) {
            retry();
        }
    }

    /** Goes on with the frame in work, as far as possible. */
    private void run() {
        while (phase != Phase.IDLE && fence.isIdle()) {
            if (phase == Phase.FETCHING) {
                descriptors.take();
                phase = Phase.FILLING;
                if (fence.takeFailure()) {
                    breakRing();
                }
            } else if (!fill()) {
                return;
            }
        }
    }

    /** The ring lies outside memory: nothing can be received until its registers are written again. */
    private void breakRing() {
        host.masterAbort();
        broken = true;
        restart();
    }

    /** Returns whether there is something to go on with. */
    private boolean fill() {
        Dma dma = host.dma();
        if (dma == null) {
            phase = Phase.IDLE;
            return false;
        }
        if (descriptors.count() < buffersFor(frameBytes)) {
            phase = Phase.FETCHING;
            if (!ring.isSane() || !descriptors.fetch(next(), dma, fence)) {
                phase = Phase.FILLING;
                return false;
            }
            return true;
        }
        store(dma);
        return true;
    }

    private void store(Dma dma) {
        int each = bufferBytes();
        int index = next();
        int used = 0;
        for (int done = 0; done < frameBytes; ) {
            int part = Math.min(each, frameBytes - done);
            boolean last = done + part == frameBytes;
            dma.write(descriptors.buffer(), packet.memory(), done, part, fence);
            dma.publish(ring.address(index) + Long.BYTES, writeBack(part, last), fence);
            descriptors.remove();
            index = ring.plus(index, 1);
            used++;
            done += part;
        }
        phase = Phase.IDLE;
        if (fence.isIdle() && onTheirWay.isEmpty()) {
            handBack(fence, used, packet.wireBytes());
        } else {
            onTheirWay.add(new Stored(fence, used, packet.wireBytes()));
            usedAhead += used;
            fence = new DmaFence(this::progress);
        }
    }

    /** The upper half of a descriptor (§3.2.3): length, packet checksum, status, errors, special. */
    private long writeBack(int length, boolean last) {
        long bits = STATUS_DD | (last ? STATUS_EOP | statusBits : 0);
        long special = last ? (long) tag << 48 : 0;
        return special | bits << 32 | (long) packetChecksum << 16 | length;
    }

    /** Hands back the descriptors of frames that have arrived. */
    private void finish() {
        Stored first = onTheirWay.peek();
        while (first != null && first.fence.isIdle()) {
            onTheirWay.remove();
            usedAhead -= first.used;
            handBack(first.fence, first.used, first.wireBytes);
            first = onTheirWay.peek();
        }
    }

    private void handBack(DmaFence written, int used, int wireBytes) {
        if (written.takeFailure()) {
            breakRing();
        } else if (ring.isSane()) {
            ring.head(ring.plus(ring.head(), used));
            signals.received(used, wireBytes);
        }
    }

    /** The driver has given buffers, or changed something that may let frames pass. */
    void proceed() {
        run();
        if (phase == Phase.IDLE) {
            retry();
        }
    }

    private void retry() {
        if (refused) {
            refused = false;
            pause.drained();
            roomAgain.run();
        }
    }

    /** RDTR.FPD: the interrupt becomes due at once. */
    void flushDelay() {
        signals.flush();
    }

    /** The ring's registers were written: what was fetched from it is no longer true. */
    void ringChanged() {
        broken = false;
        restart();
        proceed();
    }

    /** RCTL was written. */
    void enableChanged() {
        if (!registers.has(Register.RCTL, RCTL_EN)) {
            restart();
        }
        proceed();
    }

    private void restart() {
        fence.abandon();
        fence = new DmaFence(this::progress);
        onTheirWay.forEach(stored -> stored.fence.abandon());
        onTheirWay.clear();
        usedAhead = 0;
        descriptors.clear();
        phase = Phase.IDLE;
    }

    /** The registers have been reset. */
    void reset() {
        broken = false;
        restart();
        signals.cancel();
        retry();
    }
}
