package dev.ringside.link;

import dev.ringside.linux.Fd;
import dev.ringside.loop.DeviceLoop;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A NIC's plug in the echo link. */
final class EchoPort implements Port {
    private final ReceivingPort answers;

    EchoPort(int pairs) {
        answers = new ReceivingPort(pairs);
    }

    @Override
    public TxLane openTx(int pair, DeviceLoop loop, @Nullable Runnable roomAgain) {
        return new EchoTxLane(answers);
    }

    @Override
    public RxLane openRx(int pair, DeviceLoop loop, int accepts, RxBuffers buffers) {
        return answers.open(pair, loop, accepts, buffers);
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
        return answers.counters();
    }

    /** In another process there is another one like it. */
    @Override
    public List<Fd> share() {
        return List.of();
    }

    @Override
    public void close() {
        // The lanes are closed already.
    }
}
