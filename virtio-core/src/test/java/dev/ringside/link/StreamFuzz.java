package dev.ringside.link;

import dev.ringside.fault.MessageFault;
import dev.ringside.fuzz.FuzzInput;
import dev.ringside.fuzz.FuzzTarget;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The framing of streams: any bytes, in any pieces, to a receiver that has room or not. */
public final class StreamFuzz implements FuzzTarget {
    private static final int MAX_PIECE = 1 << 16;

    private final StreamFrames frames = new StreamFrames();
    private boolean room;
    private long taken;

    @Override
    @SuppressWarnings("restricted") // the room is where it says
    public void execute(FuzzInput input) {
        frames.clear();
        taken = 0;
        long given = 0;
        try {
            while (input.hasMore()) {
                int how = input.u8();
                room = (how & 7) != 7;
                byte[] bytes = input.bytes(how >> 3);
                int count = (int) Math.min(frames.room(), (how & 7) == 6 ? input.u16() % MAX_PIECE : bytes.length);
                MemorySegment to = MemorySegment.ofAddress(frames.address()).reinterpret(count);
                to.fill((byte) 0);
                MemorySegment.copy(bytes, 0, to, ValueLayout.JAVA_BYTE, 0, Math.min(bytes.length, count));
                frames.received(count);
                given += count;
                boolean all = frames.handOver(this::take);
                if (all && frames.room() == 0) {
                    throw new AssertionError("a stream that no frame ends");
                }
                if (frames.room() < 0 || taken > given) {
                    throw new AssertionError("%d bytes of room, %d taken of %d".formatted(frames.room(), taken, given));
                }
            }
        } catch (MessageFault e) {
            if (e.getMessage().isEmpty()) {
                throw new AssertionError("refused without a reason", e);
            }
        }
    }

    private boolean take(Frame frame) {
        if (frame.bytes() < Frame.ETHERNET_BYTES || frame.bytes() > Frame.MAX_BYTES) {
            throw new AssertionError("frame of " + frame.bytes() + " bytes");
        }
        frame.touch();
        taken += room ? frame.bytes() : 0;
        return room;
    }
}
