package dev.ringside.link;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Turns requests into answers. */
final class EchoTxLane implements TxLane {
    private final ReceivingPort answers;
    private final MemorySegment copy = Arena.ofAuto().allocate(Frame.MAX_BYTES, 8);
    private final Frame answer = new Frame();
    private final EchoAnswer host = new EchoAnswer(copy);
    private final SoftwareOffload offload = new SoftwareOffload();

    EchoTxLane(ReceivingPort answers) {
        this.answers = answers;
    }

    @Override
    public boolean send(Frame frame) {
        int bytes = frame.bytes();
        frame.copyTo(0, copy, 0, bytes);
        int answered = host.answer(bytes, frame.header().needsCsum());
        if (answered == 0) {
            return true;
        }
        answer.clear();
        answer.header().copyFrom(frame.header());
        answer.add(copy, 0, answered);
        FrameQueue queue = answers.queueFor(answer);
        if (!offload.deliver(answer, queue.accepts(), queue)) {
            answers.counters().dropSent(Drop.MALFORMED);
        }
        return true;
    }

    @Override
    public void flush() {
        // Every answer has been given already.
    }

    @Override
    public void close(Runnable released) {
        released.run();
    }
}
