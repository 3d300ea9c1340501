package dev.ringside.e1000;

import dev.ringside.link.Frame;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The way of a frame back into the card that sends it: with its checksum done, as there is no link to do it. */
final class Loopback {
    private final Receiver receiver;
    private final MemorySegment memory = Arena.ofAuto().allocate(PacketMemory.MAX_WIRE_BYTES, 64);
    private final Frame looped = new Frame();

    Loopback(Receiver receiver) {
        this.receiver = receiver;
    }

    /** Receives a frame. One that is still to be cut is lost, as is one that there is no room for. */
    void send(Frame frame) {
        int bytes = frame.bytes();
        if (bytes > PacketMemory.MAX_WIRE_BYTES || frame.header().isGso()) {
            return;
        }
        frame.copyTo(0, memory, 0, bytes);
        if (frame.header().needsCsum()) {
            int start = frame.header().csumStart();
            long sum = OnesComplement.add(0, memory, start, bytes - start);
            OnesComplement.putU16(memory, (long) start + frame.header().csumOffset(), ~OnesComplement.fold(sum));
        }
        looped.clear();
        looped.add(memory, 0, bytes);
        receiver.putLooped(looped);
    }
}
