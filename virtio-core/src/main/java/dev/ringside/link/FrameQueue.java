package dev.ringside.link;

import dev.ringside.loop.DeviceLoop;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * What stands before a receive lane that frames are pushed to, from any loop.
 *
 * <pre>
 *   sender on the receiver's loop, nothing waiting --> put, one copy
 *   sender on another loop, or no room             --> bounded ring --> put, on the receiver's loop
 *   ring full, or no lane open                     --> dropped and counted
 * </pre>
 *
 * <p>Frames of one sender keep their order. The sender is never held up, whatever the receiver does.
 */
final class FrameQueue implements FrameSink {
    /** Frames handed over in one go, before the loop's other queues get their turn. */
    private static final int BUDGET = 64;

    private final Counters counters;
    /** Guarded by itself. */
    private final FrameRing waiting = new FrameRing();
    /** Whether {@link #waiting} is not empty: read without its lock. */
    private volatile boolean busy;

    private volatile @Nullable Lane lane;

    /** @param counters of the receiving port */
    FrameQueue(Counters counters) {
        this.counters = counters;
    }

    /** Opens the lane behind this queue; parameters as for {@link Port#openRx}. */
    RxLane open(DeviceLoop loop, int accepts, RxBuffers buffers) {
        Lane opened = new Lane(loop, accepts, buffers);
        lane = opened;
        return opened;
    }

    boolean isOpen() {
        return lane != null;
    }

    /** What the receiver accepts; {@link Offload#ALL} when there is none, for it makes no difference then. */
    int accepts() {
        Lane open = lane;
        return open == null ? Offload.ALL : open.accepts;
    }

    /**
     * Hands a frame to the receiver, now or later, or drops it. From any loop.
     *
     * @param frame needs no more than {@link #accepts}; not used after the return
     */
    @Override
    public void deliver(Frame frame) {
        Lane open = lane;
        if (open == null) {
            counters.dropReceived(Drop.LINK_DOWN);
            return;
        }
        if (open.loop.inLoop() && !busy && open.put(frame)) {
            return;
        }
        synchronized (waiting) {
            if (!waiting.add(frame)) {
                counters.dropReceived(Drop.NO_BUFFERS);
                return;
            }
            busy = true;
        }
        open.wake();
    }

    /** Whether the receiver, if there is one, is on a loop. */
    boolean isOn(@Nullable DeviceLoop loop) {
        Lane open = lane;
        return open == null || open.loop.equals(loop);
    }

    /**
     * Hands a frame to the receiver, whose loop the caller is on, or leaves it with the caller until there is room.
     *
     * @return whether it was taken, or dropped since nobody is there
     */
    boolean offer(Frame frame) {
        Lane open = lane;
        if (open == null) {
            counters.dropReceived(Drop.LINK_DOWN);
            return true;
        }
        return !busy && open.put(frame);
    }

    /** The receiver's end. */
    private final class Lane implements RxLane {
        private final DeviceLoop loop;
        private final int accepts;
        private final RxBuffers buffers;
        private final Frame oldest = new Frame();
        private final AtomicBoolean woken = new AtomicBoolean();
        private final Runnable drain = this::drainWoken;
        private final NextTurn next;
        private final Runnable endOfBurst = this::endOfBurst;
        /** The receiver has refused a frame, and has not said since that there is room. */
        private boolean noRoom;

        private boolean inBurst;
        private boolean closed;

        Lane(DeviceLoop loop, int accepts, RxBuffers buffers) {
            this.loop = loop;
            this.next = new NextTurn(loop, this::drain);
            // Without the checksum, nothing else can be left undone either.
            this.accepts = (accepts & Offload.CSUM) != 0 ? accepts : Offload.NONE;
            this.buffers = buffers;
        }

        private boolean put(Frame frame) {
            if (noRoom || closed) {
                return false;
            }
            if (!buffers.put(frame)) {
                noRoom = true;
                return false;
            }
            if (!inBurst) {
                inBurst = true;
                loop.atEndOfTurn(endOfBurst);
            }
            return true;
        }

        private void endOfBurst() {
            inBurst = false;
            if (!closed) {
                buffers.endOfBurst();
            }
        }

        private void wake() {
            if (!woken.getAndSet(true)) {
                loop.execute(drain);
            }
        }

        private void drainWoken() {
            woken.set(false);
            drain();
        }

        @Override
        public void roomAgain() {
            noRoom = false;
            if (busy) {
                drain();
            }
        }

        private void drain() {
            for (int i = 0; i < BUDGET; i++) {
                if (noRoom || closed) {
                    return;
                }
                synchronized (waiting) {
                    if (waiting.isEmpty()) {
                        busy = false;
                        return;
                    }
                    waiting.peek(oldest);
                }
                if (!put(oldest)) {
                    return;
                }
                synchronized (waiting) {
                    waiting.remove();
                }
            }
            next.ask();
        }

        @Override
        public void close(Runnable released) {
            closed = true;
            next.close();
            lane = null;
            synchronized (waiting) {
                waiting.clear();
                busy = false;
            }
            released.run();
        }
    }
}
