package dev.ringside.link;

import dev.ringside.loop.DeviceLoop;
import java.util.Arrays;

/**
 * The receive side of a port that frames are pushed to: a {@link FrameQueue} for each pair. A frame goes to one of those
 * whose lane is open, the same for all frames of a flow.
 */
final class ReceivingPort {
    private final FrameQueue[] queues;
    private final Counters counters = new Counters();
    private volatile FrameQueue[] open = {};

    ReceivingPort(int pairs) {
        queues = new FrameQueue[pairs];
        Arrays.setAll(queues, pair -> new FrameQueue(counters));
    }

    Counters counters() {
        return counters;
    }

    /** Opens a lane; parameters as for {@link Port#openRx}. */
    RxLane open(int pair, DeviceLoop loop, int accepts, RxBuffers buffers) {
        RxLane lane = queues[pair].open(loop, accepts, buffers);
        update();
        return new RxLane() {
            @Override
            public void roomAgain() {
                lane.roomAgain();
            }

            @Override
            public void close(Runnable released) {
                lane.close(released);
                update();
            }
        };
    }

    private synchronized void update() {
        open = Arrays.stream(queues).filter(FrameQueue::isOpen).toArray(FrameQueue[]::new);
    }

    /** The queue that a frame belongs into. One that is not open drops and counts. */
    FrameQueue queueFor(Frame frame) {
        FrameQueue[] choice = open;
        return switch (choice.length) {
            case 0 -> queues[0];
            case 1 -> choice[0];
            default -> choice[FlowHash.of(frame) % choice.length];
        };
    }
}
