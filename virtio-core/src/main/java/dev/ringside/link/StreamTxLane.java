package dev.ringside.link;

import dev.ringside.loop.DeviceLoop;
import org.jspecify.annotations.Nullable;

/** Sends frames to a stream, which knows nothing of offloads. */
final class StreamTxLane implements TxLane, FrameSink {
    private final StreamSender sender;
    private final Counters counters;
    private final @Nullable Runnable roomAgain;
    private final SoftwareOffload offload = new SoftwareOffload();

    /** @param roomAgain runs on the lane's loop, or {@code null}: as for {@link Port#openTx} */
    StreamTxLane(StreamSender sender, Counters counters, DeviceLoop loop, @Nullable Runnable roomAgain) {
        this.sender = sender;
        this.counters = counters;
        this.roomAgain = roomAgain == null ? null : () -> loop.execute(roomAgain);
    }

    @Override
    public boolean send(Frame frame) {
        if (roomAgain != null && !sender.hasRoom(roomAgain)) {
            return false;
        }
        if (!offload.deliver(frame, Offload.NONE, this)) {
            counters.dropSent(Drop.MALFORMED);
        }
        return true;
    }

    @Override
    public void deliver(Frame frame) {
        Drop drop = sender.send(frame);
        if (drop != null) {
            counters.dropSent(drop);
        }
    }

    @Override
    public void flush() {
        sender.flush();
    }

    @Override
    public void close(Runnable released) {
        released.run();
    }
}
