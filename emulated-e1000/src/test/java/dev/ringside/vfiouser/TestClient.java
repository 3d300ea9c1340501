package dev.ringside.vfiouser;

import static org.assertj.core.api.Assertions.assertThat;

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

/** A vfio-user client over a real socket, which can also say what no client should. */
final class TestClient implements AutoCloseable {
    static final int VERSION = 1;
    static final int DMA_MAP = 2;
    static final int DMA_UNMAP = 3;
    static final int GET_INFO = 4;
    static final int GET_REGION_INFO = 5;
    static final int GET_REGION_IO_FDS = 6;
    static final int GET_IRQ_INFO = 7;
    static final int SET_IRQS = 8;
    static final int REGION_READ = 9;
    static final int REGION_WRITE = 10;
    static final int DMA_READ = 11;
    static final int DMA_WRITE = 12;
    static final int RESET = 13;
    static final int REGION_WRITE_MULTI = 15;

    static final int NO_REPLY = 0x10;
    static final int ERROR = 0x20;
    static final int EINVAL = 22;
    static final String CAPABILITIES = """
            {"capabilities": {"pgsizes": 4096, "max_msg_fds": 16, "max_dma_maps": 65535, "max_data_xfer_size": 1048576, \
            "migration": {"max_bitmap_size": 268435456, "pgsize": 4096}, "write_multiple": true}}""";

    private static final long PATIENCE_NANOS = 5_000_000_000L;

    /** A message, without its header. */
    record Message(int id, int command, int flags, int error, ByteBuffer payload) {}

    private final UnixSocket socket;
    private final Arena arena = Arena.ofShared();
    private int nextId = 1;

    TestClient(Path path) throws LinuxException {
        socket = UnixSocket.connect(path);
    }

    /** Little-endian values: {@code Integer}, {@code Long}, {@code Short}, {@code byte[]} or {@code String} with NUL. */
    static ByteBuffer payload(Object... values) {
        ByteBuffer buffer = ByteBuffer.allocate(1 << 21).order(ByteOrder.LITTLE_ENDIAN);
        for (Object value : values) {
            switch (value) {
                case Integer i -> buffer.putInt(i);
                case Long l -> buffer.putLong(l);
                case Short s -> buffer.putShort(s);
                case byte[] bytes -> buffer.put(bytes);
                case String text ->
                    buffer.put(text.getBytes(StandardCharsets.UTF_8)).put((byte) 0);
                default -> throw new IllegalArgumentException(value.toString());
            }
        }
        return buffer.flip();
    }

    /** Sends a request; returns its id. */
    int send(int command, int flags, List<Fd> fds, Object... values) throws LinuxException {
        ByteBuffer body = payload(values);
        int id = nextId++ & 0xffff;
        sendRaw(id, command, 16 + body.remaining(), flags, 0, fds, body);
        return id;
    }

    /** Sends a message with any header. */
    void sendRaw(int id, int command, int size, int flags, int error, List<Fd> fds, ByteBuffer body)
            throws LinuxException {
        MemorySegment message = arena.allocate(16L + body.remaining());
        ByteBuffer bytes = message.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        bytes.putShort((short) id)
                .putShort((short) command)
                .putInt(size)
                .putInt(flags)
                .putInt(error)
                .put(body);
        sendBytes(message, fds);
    }

    void sendBytes(MemorySegment bytes, List<Fd> fds) throws LinuxException {
        long sent = 0;
        while (sent < bytes.byteSize()) {
            int count = socket.send(bytes.asSlice(sent), sent == 0 ? fds : List.of());
            if (count == UnixSocket.WOULD_BLOCK) {
                Thread.onSpinWait();
            } else {
                sent += count;
            }
        }
    }

    /** The next message, whatever it is. */
    Message receive() throws LinuxException {
        ByteBuffer header = ByteBuffer.wrap(read(16)).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer body = ByteBuffer.wrap(read(header.getInt(4) - 16)).order(ByteOrder.LITTLE_ENDIAN);
        return new Message(
                Short.toUnsignedInt(header.getShort(0)),
                Short.toUnsignedInt(header.getShort(2)),
                header.getInt(8),
                header.getInt(12),
                body);
    }

    private byte[] read(int count) throws LinuxException {
        if (count == 0) {
            return new byte[0];
        }
        MemorySegment buffer = arena.allocate(count);
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        for (int done = 0; done < count; ) {
            int some = socket.receive(buffer.asSlice(done), new ArrayList<>());
            if (some == 0) {
                throw new IllegalStateException("the server has closed the connection");
            }
            if (some == UnixSocket.WOULD_BLOCK) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException("no message within 5 s");
                }
                Thread.onSpinWait();
            } else {
                done += some;
            }
        }
        return buffer.toArray(ValueLayout.JAVA_BYTE);
    }

    /** Whether the server ends the connection. */
    boolean isClosed() throws LinuxException {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        MemorySegment buffer = arena.allocate(4096);
        while (System.nanoTime() < deadline) {
            try {
                if (socket.receive(buffer, new ArrayList<>()) == 0) {
                    return true;
                }
            } catch (LinuxException e) {
                return true;
            }
            Thread.onSpinWait();
        }
        return false;
    }

    /** Sends a request, and gives the payload of its reply. */
    ByteBuffer call(int command, List<Fd> fds, Object... values) throws LinuxException {
        int id = send(command, 0, fds, values);
        Message reply = receive();
        assertThat(reply.id()).isEqualTo(id);
        assertThat(reply.command()).isEqualTo(command);
        assertThat(reply.error()).isZero();
        assertThat(reply.flags()).isEqualTo(1);
        return reply.payload();
    }

    ByteBuffer call(int command, Object... values) throws LinuxException {
        return call(command, List.of(), values);
    }

    /** Sends a request that the server has to refuse with EINVAL, and to forget. */
    void refused(int command, List<Fd> fds, Object... values) throws LinuxException {
        int id = send(command, 0, fds, values);
        Message reply = receive();
        assertThat(reply.id()).isEqualTo(id);
        assertThat(reply.error()).isEqualTo(EINVAL);
        assertThat(reply.flags()).isEqualTo(1 | ERROR);
        assertThat(reply.payload().remaining()).isZero();
    }

    void refused(int command, Object... values) throws LinuxException {
        refused(command, List.of(), values);
    }

    ByteBuffer negotiate() throws LinuxException {
        return call(VERSION, (short) 0, (short) 0, CAPABILITIES);
    }

    int readRegister(int region, long offset) throws LinuxException {
        return call(REGION_READ, offset, region, 4).getInt(16);
    }

    void mapMemory(long address, long size, long offset, Fd fd) throws LinuxException {
        call(DMA_MAP, List.of(fd), 32, 3, offset, address, size);
    }

    @Override
    public void close() {
        socket.close();
        arena.close();
    }
}
