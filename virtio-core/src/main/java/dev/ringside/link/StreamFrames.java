package dev.ringside.link;

import dev.ringside.fault.MessageFault;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.function.Predicate;

/** The bytes of a stream as they come in, and the frames in them. Without I/O; used by one thread. */
final class StreamFrames {
    /** Room for several of the largest frames. */
    static final int BUFFER_BYTES = 1 << 18;

    private static final ValueLayout.OfInt BE32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private final Frame frame = new Frame();
    private final MemorySegment buffer = Arena.ofAuto().allocate(BUFFER_BYTES, 8);
    /** What has been received and not been handed over. */
    private int start;

    private int end;

    /** Where the next bytes go. */
    long address() {
        return buffer.address() + end;
    }

    /** How many bytes fit there. */
    long room() {
        return (long) BUFFER_BYTES - end;
    }

    /** So many bytes have been put there. */
    void received(int bytes) {
        end += bytes;
    }

    /** Whether nothing is left, not even a part of a frame. */
    boolean isEmpty() {
        return start == end;
    }

    /** Forgets what is left. */
    void clear() {
        start = 0;
        end = 0;
    }

    /**
     * Hands complete frames over.
     *
     * @param receiver says whether it has taken a frame
     * @return whether it has taken all; if not, the first that it has not taken comes first the next time
     * @throws MessageFault if a frame of an impossible length is announced
     */
    boolean handOver(Predicate<Frame> receiver) throws MessageFault {
        while (end - start >= StreamSender.LENGTH_BYTES) {
            int bytes = buffer.get(BE32, start);
            if (bytes < Frame.ETHERNET_BYTES || bytes > Frame.MAX_BYTES) {
                throw new MessageFault("a frame of " + Integer.toUnsignedString(bytes) + " bytes is announced");
            }
            if (end - start < StreamSender.LENGTH_BYTES + bytes) {
                break;
            }
            frame.clear();
            frame.add(buffer, start + StreamSender.LENGTH_BYTES, bytes);
            if (!receiver.test(frame)) {
                return false;
            }
            start += StreamSender.LENGTH_BYTES + bytes;
        }
        MemorySegment.copy(buffer, start, buffer, 0, (long) end - start);
        end -= start;
        start = 0;
        return true;
    }
}
