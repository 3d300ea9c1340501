package dev.ringside.fuzz;

import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.UnixSocket;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** The other end of a connection to a server under fuzz: sends any bytes, and throws away what comes back. */
public final class HostileConnection implements AutoCloseable {
    private static final int REPLY_BYTES = 1 << 16;

    private final UnixSocket socket;
    private final MemorySegment replies = Arena.ofAuto().allocate(REPLY_BYTES);

    /** @param socket taken over */
    public HostileConnection(UnixSocket socket) {
        this.socket = socket;
    }

    /**
     * Sends bytes with descriptors, and reads whatever has been answered.
     *
     * @return whether the connection is of further use
     */
    public boolean put(byte[] bytes, List<Fd> with) {
        if (bytes.length == 0) {
            return true;
        }
        try (Arena arena = Arena.ofConfined()) {
            int sent = socket.send(arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes), with);
            return sent == bytes.length && drain();
        } catch (LinuxException e) {
            // The server has ended the connection.
            return false;
        }
    }

    /** Reads whatever has been answered. Returns whether the connection is of further use. */
    public boolean drain() {
        List<Fd> received = new ArrayList<>();
        try {
            int count;
            do {
                count = socket.receive(replies, received);
            } while (count > 0);
            return count == UnixSocket.WOULD_BLOCK;
        } catch (LinuxException e) {
            return false;
        } finally {
            received.forEach(Fd::close);
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
