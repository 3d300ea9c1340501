package dev.ringside.link;

import dev.ringside.loop.DeviceLoop;
import java.util.ArrayList;
import java.util.List;

/** A NIC's plug in the echo link. Answers wait in the {@link FrameQueue} of the pair that asked. */
final class EchoPort implements Port {
    private final List<FrameQueue> answers = new ArrayList<>();
    private final Counters counters = new Counters();

    EchoPort(int pairs) {
        for (int i = 0; i < pairs; i++) {
            answers.add(new FrameQueue(counters));
        }
    }

    @Override
    public TxLane openTx(int pair, DeviceLoop loop) {
        return new EchoTxLane(answers.get(pair), counters);
    }

    @Override
    public RxLane openRx(int pair, DeviceLoop loop, int accepts, RxBuffers buffers) {
        return answers.get(pair).open(loop, accepts, buffers);
    }

    @Override
    public boolean isUp() {
        return true;
    }

    @Override
    public void onChange(Runnable listener) {
        // Never changes.
    }

    @Override
    public Counters counters() {
        return counters;
    }

    @Override
    public void close() {
        // The lanes are closed already.
    }
}
