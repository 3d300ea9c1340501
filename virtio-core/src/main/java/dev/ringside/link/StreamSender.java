package dev.ringside.link;

import dev.ringside.linux.Errno;
import dev.ringside.linux.UnixSocket;
import dev.ringside.linux.VectorIo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The sending side of a stream: one writev for each frame from where it lies, and a bounded buffer for what the socket
 * does not take at once. Thread-safe, for each queue pair of a NIC may have a loop of its own; nobody waits in here.
 */
final class StreamSender {
    /** Before each frame: its length, big-endian. */
    static final int LENGTH_BYTES = 4;

    private static final int BUFFER_BYTES = 1 << 20;
    private static final ValueLayout.OfInt BE32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private final VectorIo io = new VectorIo();
    private final Iovec iovec = new Iovec();
    private final MemorySegment length = Arena.ofAuto().allocate(LENGTH_BYTES, 4);
    private final MemorySegment buffer = Arena.ofAuto().allocate(BUFFER_BYTES, 8);
    private @Nullable UnixSocket socket;
    /** Those who have been told that there is no room. */
    private final Set<Runnable> waiting = new LinkedHashSet<>();

    /** What waits in the buffer. */
    private int start;

    private int end;

    /** Sends through another socket from here on, or through none; what waited is forgotten. */
    synchronized void use(@Nullable UnixSocket connection) {
        socket = connection;
        start = 0;
        end = 0;
        wake();
    }

    /**
     * Whether a frame, cut or not, will fit in; if not, what to do when it will.
     *
     * @param roomAgain runs once, on any thread
     */
    synchronized boolean hasRoom(Runnable roomAgain) {
        if (socket != null && end - start > BUFFER_BYTES / 2) {
            flush();
            if (end - start > BUFFER_BYTES / 2) {
                waiting.add(roomAgain);
                return false;
            }
        }
        return true;
    }

    private void wake() {
        for (Runnable each : waiting) {
            each.run();
        }
        waiting.clear();
    }

    /** Sends a frame. Returns why it was dropped, or {@code null}. */
    synchronized @Nullable Drop send(Frame frame) {
        UnixSocket connection = socket;
        if (connection == null) {
            return Drop.LINK_DOWN;
        }
        flush();
        if (start != end) {
            return append(frame) ? null : Drop.REFUSED;
        }
        length.set(BE32, 0, frame.bytes());
        iovec.clear();
        if (!frame.addTo(iovec)) {
            append(frame);
            flush();
            return null;
        }
        int result =
                io.writev(connection.fd().value(), iovec.before(length.address(), LENGTH_BYTES), iovec.count() + 1);
        if (result == -Errno.EAGAIN) {
            append(frame);
            return null;
        }
        if (result < 0) {
            // The reading side finds out that the connection is over.
            return Drop.LINK_DOWN;
        }
        if (result < LENGTH_BYTES + frame.bytes()) {
            append(frame);
            start += result;
        }
        return null;
    }

    private boolean append(Frame frame) {
        if (start == end) {
            start = 0;
            end = 0;
        }
        if (end + LENGTH_BYTES + frame.bytes() > BUFFER_BYTES) {
            MemorySegment.copy(buffer, start, buffer, 0, (long) end - start);
            end -= start;
            start = 0;
            if (end + LENGTH_BYTES + frame.bytes() > BUFFER_BYTES) {
                return false;
            }
        }
        buffer.set(BE32, end, frame.bytes());
        frame.copyTo(0, buffer, end + LENGTH_BYTES, frame.bytes());
        end += LENGTH_BYTES + frame.bytes();
        return true;
    }

    /** Sends what waits, as far as the socket takes it. */
    synchronized void flush() {
        UnixSocket connection = socket;
        if (start == end || connection == null) {
            return;
        }
        iovec.clear();
        int result = io.writev(connection.fd().value(), iovec.before(buffer.address() + start, (long) end - start), 1);
        if (result > 0) {
            start += result;
        }
        if (end - start <= BUFFER_BYTES / 2) {
            wake();
        }
    }
}
