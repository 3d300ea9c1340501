package dev.ringside.net;

import dev.ringside.link.Counters;
import dev.ringside.link.Frame;
import dev.ringside.link.NetHeader;
import dev.ringside.link.Port;
import dev.ringside.link.RxBuffers;
import dev.ringside.link.RxLane;
import dev.ringside.link.TxLane;
import dev.ringside.loop.DeviceLoop;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A link for tests: keeps what is sent, and hands in what it is told to. */
final class FakePort implements Port {
    record Sent(byte[] bytes, int flags, int gsoType, int gsoSize, int csumStart, int csumOffset) {}

    final BlockingQueue<Sent> sent = new LinkedBlockingQueue<>();
    final Counters counters = new Counters();
    final AtomicInteger roomAgains = new AtomicInteger();
    volatile boolean keep = true;
    volatile boolean refuse;
    /** Runs on the loop for each frame that is sent. */
    volatile Runnable onSend = () -> {};

    volatile @Nullable Runnable roomAgain;
    volatile @Nullable RxBuffers buffers;
    volatile int accepts;

    @Override
    public TxLane openTx(int pair, DeviceLoop loop, @Nullable Runnable whenRoomAgain) {
        roomAgain = whenRoomAgain;
        return new TxLane() {
            @Override
            public boolean send(Frame frame) {
                if (refuse) {
                    return false;
                }
                onSend.run();
                if (keep) {
                    byte[] copy = new byte[frame.bytes()];
                    frame.copyTo(0, MemorySegment.ofArray(copy), 0, copy.length);
                    NetHeader header = frame.header();
                    sent.add(new Sent(
                            copy,
                            header.flags(),
                            header.gsoType(),
                            header.gsoSize(),
                            header.csumStart(),
                            header.csumOffset()));
                }
                return true;
            }

            @Override
            public void flush() {}

            @Override
            public void close(Runnable released) {
                released.run();
            }
        };
    }

    @Override
    public RxLane openRx(int pair, DeviceLoop loop, int offloads, RxBuffers receiver) {
        accepts = offloads;
        buffers = receiver;
        return new RxLane() {
            @Override
            public void roomAgain() {
                roomAgains.incrementAndGet();
            }

            @Override
            public void close(Runnable released) {
                buffers = null;
                released.run();
            }
        };
    }

    @Override
    public boolean isUp() {
        return true;
    }

    @Override
    public void onChange(Runnable listener) {}

    @Override
    public Counters counters() {
        return counters;
    }

    @Override
    public void close() {}
}
