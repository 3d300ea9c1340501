package dev.ringside.blk.storage.nbd;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * An NBD server that does what a test wants: an image in memory, a volatile copy of it that is lost in a crash, and a
 * place to misbehave. One command at a time on each connection. Public fields are set before it starts.
 */
final class FakeServer implements AutoCloseable {
    static final int EVERYTHING = Nbd.FLAG_HAS_FLAGS
            | Nbd.FLAG_SEND_FLUSH
            | Nbd.FLAG_SEND_FUA
            | Nbd.FLAG_SEND_TRIM
            | Nbd.FLAG_SEND_WRITE_ZEROES
            | Nbd.FLAG_CAN_MULTI_CONN;

    /** A command as it came. */
    record Seen(int connection, int type, int flags, long cookie, long offset, int bytes) {}

    /** What a test does in the server's place. */
    interface Behaviour {
        /** Whether the command has been dealt with; if not, it is executed and answered as usual. */
        boolean handle(Seen command, DataOutputStream out) throws IOException;
    }

    volatile int flags = EVERYTHING;
    volatile boolean structured = true;
    volatile int minimumBlock = 1;
    volatile int maximumPayload = 32 << 20;
    volatile int mostConnections = Integer.MAX_VALUE;
    volatile Behaviour behaviour = (command, out) -> false;

    final List<Seen> seen = new CopyOnWriteArrayList<>();
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final Object image = new Object();
    private byte[] disk;
    private byte[] durable;
    private int port;
    private int connections;
    private ServerSocket listening;
    private Thread accepting;

    FakeServer(int size) throws IOException {
        disk = new byte[size];
        durable = new byte[size];
        start();
    }

    NbdUri uri() {
        return new NbdUri("127.0.0.1", port, null, "disk");
    }

    byte[] disk() {
        synchronized (image) {
            return disk.clone();
        }
    }

    void fill(int value) {
        synchronized (image) {
            Arrays.fill(disk, (byte) value);
            Arrays.fill(durable, (byte) value);
        }
    }

    void resize(int size) {
        synchronized (image) {
            disk = Arrays.copyOf(disk, size);
            durable = Arrays.copyOf(durable, size);
        }
    }

    List<Integer> types() {
        return seen.stream().map(Seen::type).toList();
    }

    synchronized int connections() {
        return connections;
    }

    int openConnections() {
        return sockets.size();
    }

    /** Listens, at the same port as before. */
    void start() throws IOException {
        ServerSocket socket = new ServerSocket();
        socket.setReuseAddress(true);
        socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        listening = socket;
        port = socket.getLocalPort();
        accepting = Thread.ofPlatform().daemon().name("fake-nbd").start(() -> accept(socket));
    }

    /** Dies, and forgets what was not flushed. */
    void crash() throws IOException {
        stop();
        synchronized (image) {
            disk = durable.clone();
        }
    }

    /** Closes all connections, and accepts no more. */
    void stop() throws IOException {
        listening.close();
        try {
            // The port is free when nobody waits there any longer.
            accepting.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        cut();
    }

    /** Closes all connections. */
    void cut() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    private void accept(ServerSocket from) {
        try {
            while (true) {
                Socket socket = from.accept();
                sockets.add(socket);
                int number;
                synchronized (this) {
                    number = connections++;
                }
                Thread.ofPlatform().daemon().name("fake-nbd-" + number).start(() -> serve(socket, number));
            }
        } catch (IOException e) {
            // Stopped.
        }
    }

    private void serve(Socket socket, int number) {
        try (socket) {
            socket.setTcpNoDelay(true);
            if (sockets.size() > mostConnections) {
                return;
            }
            DataInputStream in = new DataInputStream(socket.getInputStream());
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            if (negotiate(in, out)) {
                transmit(in, out, number);
            }
        } catch (EOFException | SocketException e) {
            // The client, or the test, has closed it.
        } catch (IOException e) {
            throw new AssertionError(e);
        } finally {
            sockets.remove(socket);
        }
    }

    private boolean negotiate(DataInputStream in, DataOutputStream out) throws IOException {
        out.writeLong(Nbd.NBDMAGIC);
        out.writeLong(Nbd.IHAVEOPT);
        out.writeShort(3);
        in.readInt();
        while (true) {
            in.readLong();
            int option = in.readInt();
            byte[] data = in.readNBytes(in.readInt());
            if (option == Nbd.OPT_STRUCTURED_REPLY) {
                optionReply(out, option, structured ? Nbd.REP_ACK : Nbd.REP_ERR_UNSUP, 0);
            } else if (!new String(data, 4, data[3], StandardCharsets.UTF_8).equals("disk")) {
                optionReply(out, option, Nbd.REP_ERR_UNKNOWN, 0);
            } else {
                optionReply(out, option, Nbd.REP_INFO, 12);
                out.writeShort(Nbd.INFO_EXPORT);
                out.writeLong(disk().length);
                out.writeShort(flags);
                optionReply(out, option, Nbd.REP_INFO, 14);
                out.writeShort(Nbd.INFO_BLOCK_SIZE);
                out.writeInt(minimumBlock);
                out.writeInt(4096);
                out.writeInt(maximumPayload);
                optionReply(out, option, Nbd.REP_ACK, 0);
                return true;
            }
        }
    }

    private static void optionReply(DataOutputStream out, int option, int type, int bytes) throws IOException {
        out.writeLong(Nbd.OPTION_REPLY_MAGIC);
        out.writeInt(option);
        out.writeInt(type);
        out.writeInt(bytes);
    }

    private void transmit(DataInputStream in, DataOutputStream out, int number) throws IOException {
        while (true) {
            if (in.readInt() != Nbd.REQUEST_MAGIC) {
                throw new AssertionError("request without magic");
            }
            int commandFlags = in.readUnsignedShort();
            int type = in.readUnsignedShort();
            Seen command = new Seen(number, type, commandFlags, in.readLong(), in.readLong(), in.readInt());
            byte[] data = type == Nbd.CMD_WRITE ? in.readNBytes(command.bytes()) : new byte[0];
            if (type == Nbd.CMD_DISC) {
                return;
            }
            seen.add(command);
            if (!behaviour.handle(command, out)) {
                execute(command, data);
                answer(command, out);
            }
        }
    }

    private void execute(Seen command, byte[] data) {
        int at = (int) command.offset();
        synchronized (image) {
            switch (command.type()) {
                case Nbd.CMD_WRITE -> System.arraycopy(data, 0, disk, at, data.length);
                case Nbd.CMD_WRITE_ZEROES -> Arrays.fill(disk, at, at + command.bytes(), (byte) 0);
                case Nbd.CMD_FLUSH -> durable = disk.clone();
                default -> {}
            }
            if ((command.flags() & Nbd.CMD_FLAG_FUA) != 0) {
                System.arraycopy(disk, at, durable, at, command.bytes());
            }
        }
    }

    private void answer(Seen command, DataOutputStream out) throws IOException {
        if (command.type() != Nbd.CMD_READ) {
            simple(command, 0, out);
            return;
        }
        byte[] data = Arrays.copyOfRange(disk(), (int) command.offset(), (int) command.offset() + command.bytes());
        if (structured) {
            // The second half first, in two chunks.
            int half = command.bytes() / 2;
            chunk(command, false, half, Arrays.copyOfRange(data, half, data.length), out);
            chunk(command, true, 0, Arrays.copyOf(data, half), out);
        } else {
            simple(command, 0, out);
            out.write(data);
        }
    }

    /** Sends a simple reply. */
    static void simple(Seen command, int error, DataOutputStream out) throws IOException {
        out.writeInt(Nbd.SIMPLE_REPLY_MAGIC);
        out.writeInt(error);
        out.writeLong(command.cookie());
    }

    /** Sends a chunk of data of a read. */
    static void chunk(Seen command, boolean done, int at, byte[] data, DataOutputStream out) throws IOException {
        chunkHeader(command, done, Nbd.REPLY_TYPE_OFFSET_DATA, 8 + data.length, out);
        out.writeLong(command.offset() + at);
        out.write(data);
    }

    /** Sends the header of a chunk. */
    static void chunkHeader(Seen command, boolean done, int type, int bytes, DataOutputStream out) throws IOException {
        out.writeInt(Nbd.STRUCTURED_REPLY_MAGIC);
        out.writeShort(done ? 1 : 0);
        out.writeShort(type);
        out.writeLong(command.cookie());
        out.writeInt(bytes);
    }

    /** The connections that carried commands of a type, each once. */
    List<Integer> connectionsOf(int type) {
        List<Integer> numbers = new ArrayList<>();
        for (Seen command : seen) {
            if (command.type() == type && !numbers.contains(command.connection())) {
                numbers.add(command.connection());
            }
        }
        return numbers;
    }

    @Override
    public void close() throws IOException {
        stop();
    }
}
