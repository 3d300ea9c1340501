package dev.ringside.it.live;

import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.UnixSocket;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** As much of a vfio-user client as it takes to drive a card. */
final class VfioClient implements AutoCloseable {
    static final int BAR_0 = 0;
    static final int CONFIG = 7;

    private static final int VERSION = 1;
    private static final int DMA_MAP = 2;
    private static final int REGION_READ = 9;
    private static final int REGION_WRITE = 10;
    private static final int HEADER_BYTES = 16;
    private static final int ERROR_FLAG = 0x20;
    private static final int PATIENCE_MILLIS = 10_000;
    private static final String CAPABILITIES = "{\"capabilities\":{\"max_msg_fds\":1}}\0";

    private final UnixSocket socket;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment buffer = arena.allocate(1 << 16);
    private int nextId = 1;

    /** Connects and negotiates. */
    VfioClient(Path path) throws LinuxException {
        socket = UnixSocket.connect(path);
        call(VERSION, List.of(), body().putInt(0).put(CAPABILITIES.getBytes(StandardCharsets.US_ASCII)));
    }

    static ByteBuffer body() {
        return ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Maps memory for DMA, readable and writable. */
    void map(long address, long bytes, Fd fd) throws LinuxException {
        call(
                DMA_MAP,
                List.of(fd),
                body().putInt(32).putInt(3).putLong(0).putLong(address).putLong(bytes));
    }

    int read(int region, long offset) throws LinuxException {
        return call(
                        REGION_READ,
                        List.of(),
                        body().putLong(offset).putInt(region).putInt(4))
                .getInt(16);
    }

    void write(int region, long offset, int value) throws LinuxException {
        call(
                REGION_WRITE,
                List.of(),
                body().putLong(offset).putInt(region).putInt(4).putInt(value));
    }

    /** Any request; returns the payload of its reply, which may say that it was refused. */
    ByteBuffer call(int command, List<Fd> fds, ByteBuffer body) throws LinuxException {
        body.flip();
        ByteBuffer message = buffer.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        int bytes = HEADER_BYTES + body.remaining();
        message.putShort((short) nextId++)
                .putShort((short) command)
                .putInt(bytes)
                .putInt(0)
                .putInt(0)
                .put(body);
        if (socket.send(buffer.asSlice(0, bytes), fds) != bytes) {
            throw new AssertionError("the server does not read");
        }
        ByteBuffer header = receive(HEADER_BYTES);
        ByteBuffer payload = receive(header.getInt(4) - HEADER_BYTES);
        return (header.getInt(8) & ERROR_FLAG) != 0 ? body() : payload;
    }

    private ByteBuffer receive(int bytes) throws LinuxException {
        List<Fd> fds = new ArrayList<>();
        for (int done = 0; done < bytes; ) {
            if (!socket.await(true, PATIENCE_MILLIS)) {
                throw new AssertionError("no reply");
            }
            int count = socket.receive(buffer.asSlice(done, bytes - done), fds);
            if (count == 0) {
                throw new AssertionError("the server has closed the connection");
            }
            done += Math.max(count, 0);
        }
        return ByteBuffer.wrap(buffer.asSlice(0, bytes).toArray(ValueLayout.JAVA_BYTE))
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public void close() {
        socket.close();
        arena.close();
    }
}
