package dev.ringside.testing;

import static dev.ringside.testing.VhostUser.HEADER_BYTES;
import static dev.ringside.testing.VhostUser.NEED_REPLY;
import static dev.ringside.testing.VhostUser.REPLY;
import static dev.ringside.testing.VhostUser.VERSION;

import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.Poll;
import dev.ringside.linux.UnixSocket;
import dev.ringside.queue.VringAddress;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The front-end's end of a vhost-user connection. A method for each message; those without a reply of their own ask for
 * an acknowledgement once REPLY_ACK is negotiated, and fail if the request is refused. Below them, any bytes and any
 * descriptors can be sent.
 */
public final class FakeFrontEnd implements AutoCloseable {
    /** Far more than anything takes that works. */
    public static final Duration DEADLINE = Duration.ofSeconds(10);

    /**
     * A message from the back-end.
     *
     * @param request its number
     * @param flags with the version
     * @param payload what follows the header
     */
    public record Message(int request, int flags, byte[] payload) {
        public long u64() {
            if (payload.length != Long.BYTES) {
                throw new AssertionError("reply of " + payload.length + " bytes");
            }
            return Payload.value(payload, 0, Long.BYTES);
        }
    }

    private final UnixSocket socket;
    private long features;
    private boolean replyAck;

    /** @param socket connected; taken over */
    public FakeFrontEnd(UnixSocket socket) {
        this.socket = socket;
    }

    /** Connects to a back-end that listens. */
    public static FakeFrontEnd connect(Path path) {
        try {
            return new FakeFrontEnd(UnixSocket.connect(path));
        } catch (LinuxException e) {
            throw new AssertionError(e);
        }
    }

    // ------------------------------------------------------------------------------------------------ any bytes

    /** Sends bytes as they are, with descriptors beside the first of them. */
    public void sendRaw(byte[] bytes, Fd... fds) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            int sent = socket.send(data, List.of(fds));
            if (sent != bytes.length) {
                throw new AssertionError("sent %d of %d bytes".formatted(sent, bytes.length));
            }
        } catch (LinuxException e) {
            throw new AssertionError(e);
        }
    }

    /** A header and its payload. */
    public static byte[] message(int request, int flags, byte... payload) {
        return new Payload().u32(request, flags, payload.length).bytes(payload).done();
    }

    /** Sends a message that asks for no acknowledgement. */
    public void send(int request, byte[] payload, Fd... fds) {
        sendRaw(message(request, VERSION, payload), fds);
    }

    /** Sends a message that asks for an acknowledgement. */
    public void sendNeedReply(int request, byte[] payload, Fd... fds) {
        sendRaw(message(request, VERSION | NEED_REPLY, payload), fds);
    }

    /** The next message from the back-end. */
    public Message receive() {
        List<Fd> fds = new ArrayList<>();
        Message message = receiveWithFds(fds);
        fds.forEach(Fd::close);
        if (!fds.isEmpty()) {
            throw new AssertionError("descriptors in a reply");
        }
        return message;
    }

    /** The next message from the back-end, which may bring descriptors along. */
    public Message receiveWithFds(List<Fd> fds) {
        byte[] header = receive(HEADER_BYTES, fds);
        int size = (int) Payload.value(header, 8, Integer.BYTES);
        return new Message(
                (int) Payload.value(header, 0, Integer.BYTES),
                (int) Payload.value(header, 4, Integer.BYTES),
                receive(size, fds));
    }

    private byte[] receive(int bytes, List<Fd> fds) {
        byte[] all = new byte[bytes];
        try (Arena arena = Arena.ofConfined()) {
            for (int done = 0; done < bytes; ) {
                if (!Poll.readable(socket.fd(), DEADLINE)) {
                    throw new AssertionError("no reply within " + DEADLINE);
                }
                MemorySegment rest = arena.allocate(bytes - done);
                int count = socket.receive(rest, fds);
                if (count == 0) {
                    throw new AssertionError("closed instead of a reply");
                }
                MemorySegment.copy(rest, ValueLayout.JAVA_BYTE, 0, all, done, count);
                done += count;
            }
            return all;
        } catch (LinuxException e) {
            throw new AssertionError("closed instead of a reply", e);
        }
    }

    /** Whether the back-end says something, or ends the connection, within this time. */
    public boolean hasMessageWithin(Duration time) {
        return Poll.readable(socket.fd(), time);
    }

    /** Waits for the back-end to end the connection, and fails if it says anything before. */
    public void awaitClosed() {
        if (!Poll.readable(socket.fd(), DEADLINE)) {
            throw new AssertionError("still open after " + DEADLINE);
        }
        try (Arena arena = Arena.ofConfined()) {
            int count = socket.receive(arena.allocate(1), new ArrayList<>());
            if (count != 0) {
                throw new AssertionError("a message instead of the end");
            }
        } catch (LinuxException e) {
            // ECONNRESET: closed before all that we sent was read.
        }
    }

    // ------------------------------------------------------------------------------------------- kinds of request

    /** Sends a request that has a reply of its own, and gives the reply. */
    public Message get(int request, byte... payload) {
        send(request, payload);
        Message reply = receive();
        if (reply.request() != request || reply.flags() != (VERSION | REPLY)) {
            throw new AssertionError("request %d answered with %s".formatted(request, reply));
        }
        return reply;
    }

    /** Sends a request that wants an acknowledgement. Returns what it says: 0 for success. */
    public long acknowledged(int request, byte[] payload, Fd... fds) {
        sendNeedReply(request, payload, fds);
        Message reply = receive();
        if (reply.request() != request || (reply.flags() & ~NEED_REPLY) != (VERSION | REPLY)) {
            throw new AssertionError("request %d acknowledged with %s".formatted(request, reply));
        }
        return reply.u64();
    }

    /** Sends a request, and fails if it is refused; without REPLY_ACK that shows later. */
    public void set(int request, byte[] payload, Fd... fds) {
        if (!replyAck) {
            send(request, payload, fds);
        } else if (acknowledged(request, payload, fds) != 0) {
            throw new AssertionError("request %d was refused".formatted(request));
        }
    }

    /** Fails unless everything sent so far has been handled, nothing has been said, and the connection serves on. */
    public void checkAlive() {
        getFeatures();
    }

    // ------------------------------------------------------------------------------------------------ negotiation

    /** Takes all that is offered, with split rings. */
    public FakeFrontEnd negotiate() {
        return negotiate(~VhostUser.F_RING_PACKED, -1);
    }

    /** Takes all that is offered, with packed rings. */
    public FakeFrontEnd negotiatePacked() {
        return negotiate(-1, -1);
    }

    /**
     * The beginning of every conversation.
     *
     * @param wanted device features to take, if they are offered
     * @param wantedProtocol protocol features to take, if they are offered
     */
    public FakeFrontEnd negotiate(long wanted, long wantedProtocol) {
        setOwner();
        long offered = getFeatures();
        setProtocolFeatures(getProtocolFeatures() & wantedProtocol);
        setFeatures(offered & wanted);
        return this;
    }

    public void setOwner() {
        set(VhostUser.SET_OWNER, Payload.EMPTY);
    }

    public void resetOwner() {
        set(VhostUser.RESET_OWNER, Payload.EMPTY);
    }

    public long getFeatures() {
        return get(VhostUser.GET_FEATURES).u64();
    }

    public void setFeatures(long value) {
        set(VhostUser.SET_FEATURES, new Payload().u64(value).done());
        features = value;
    }

    /** The device features that were set last. */
    public long features() {
        return features;
    }

    public long getProtocolFeatures() {
        return get(VhostUser.GET_PROTOCOL_FEATURES).u64();
    }

    public void setProtocolFeatures(long value) {
        set(VhostUser.SET_PROTOCOL_FEATURES, new Payload().u64(value).done());
        replyAck = (value & VhostUser.PROTOCOL_F_REPLY_ACK) != 0;
    }

    public long getQueueNum() {
        return get(VhostUser.GET_QUEUE_NUM).u64();
    }

    public void setBackendReqFd(Fd fd) {
        set(VhostUser.SET_BACKEND_REQ_FD, Payload.EMPTY, fd);
    }

    public void setStatus(long value) {
        set(VhostUser.SET_STATUS, new Payload().u64(value).done());
    }

    public long getStatus() {
        return get(VhostUser.GET_STATUS).u64();
    }

    public void resetDevice() {
        set(VhostUser.RESET_DEVICE, Payload.EMPTY);
    }

    // ---------------------------------------------------------------------------------------------- config space

    /** The bytes of a config space; empty if they are refused. */
    public byte[] getConfig(int offset, int size) {
        byte[] request = new Payload().u32(offset, size, 0).zeroes(size).done();
        byte[] reply = get(VhostUser.GET_CONFIG, request).payload();
        return Arrays.copyOfRange(reply, 12, reply.length);
    }

    /** A SET_CONFIG's payload. */
    public static byte[] config(int offset, byte... bytes) {
        return new Payload().u32(offset, bytes.length, 0).bytes(bytes).done();
    }

    public void setConfig(int offset, byte... bytes) {
        set(VhostUser.SET_CONFIG, config(offset, bytes));
    }

    // ---------------------------------------------------------------------------------------------------- memory

    public long getMaxMemSlots() {
        return get(VhostUser.GET_MAX_MEM_SLOTS).u64();
    }

    /** "Memory region description". */
    public static byte[] region(FakeMemory.Region region) {
        return new Payload()
                .u64(region.mapping().guestAddress(), region.mapping().size())
                .u64(region.mapping().userAddress(), region.mmapOffset())
                .done();
    }

    /** "Single memory region description". */
    public static byte[] singleRegion(FakeMemory.Region region) {
        return new Payload().u64(0).bytes(region(region)).done();
    }

    /** "Multiple memory regions description". */
    public static byte[] regions(FakeMemory memory) {
        Payload payload = new Payload().u32(memory.regions().size(), 0);
        memory.regions().forEach(region -> payload.bytes(region(region)));
        return payload.done();
    }

    /** The descriptors that belong to {@link #regions(FakeMemory)}. */
    public static Fd[] fds(FakeMemory memory) {
        return memory.regions().stream().map(FakeMemory.Region::fd).toArray(Fd[]::new);
    }

    public void setMemTable(FakeMemory memory) {
        set(VhostUser.SET_MEM_TABLE, regions(memory), fds(memory));
    }

    public void addMemReg(FakeMemory.Region region) {
        set(VhostUser.ADD_MEM_REG, singleRegion(region), region.fd());
    }

    public void remMemReg(FakeMemory.Region region) {
        set(VhostUser.REM_MEM_REG, singleRegion(region));
    }

    // ---------------------------------------------------------------------------------------------------- vrings

    /** "A vring state description". */
    public static byte[] vringState(long index, long num) {
        return new Payload().u32(index, num).done();
    }

    /** "A vring address description". */
    public static byte[] vringAddr(long index, VringAddress address) {
        return new Payload()
                .u32(index, 0)
                .u64(address.desc(), address.used(), address.avail(), 0)
                .done();
    }

    /** The same with VHOST_VRING_F_LOG. */
    public static byte[] loggedVringAddr(long index, VringAddress address, long logAddress) {
        return new Payload()
                .u32(index, 1)
                .u64(address.desc(), address.used(), address.avail(), logAddress)
                .done();
    }

    // ------------------------------------------------------------------------------------- requests in flight, log

    /**
     * An area for requests in flight, and the file that it is in.
     *
     * @param numQueues and {@code queueSize} fit into 16 bits
     */
    public record InflightArea(long size, long offset, int numQueues, int queueSize, Fd fd) {
        /** "Inflight description", without padding. */
        public byte[] payload() {
            return new Payload()
                    .u64(size, offset)
                    .u32(numQueues | (long) queueSize << 16)
                    .done();
        }
    }

    /** Has the back-end make an area. */
    public InflightArea getInflightFd(int numQueues, int queueSize) {
        byte[] wanted = new InflightArea(0, 0, numQueues, queueSize, socket.fd()).payload();
        send(VhostUser.GET_INFLIGHT_FD, wanted);
        List<Fd> fds = new ArrayList<>();
        byte[] reply = receiveWithFds(fds).payload();
        if (reply.length != wanted.length || fds.size() != 1) {
            throw new AssertionError("GET_INFLIGHT_FD answered with %d bytes, %s".formatted(reply.length, fds));
        }
        return new InflightArea(
                Payload.value(reply, 0, 8),
                Payload.value(reply, 8, 8),
                (int) Payload.value(reply, 16, 2),
                (int) Payload.value(reply, 18, 2),
                fds.get(0));
    }

    public void setInflightFd(InflightArea area) {
        set(VhostUser.SET_INFLIGHT_FD, area.payload(), area.fd());
    }

    /** "Log description". */
    public static byte[] logBase(long size, long offset) {
        return new Payload().u64(size, offset).done();
    }

    /** Shares a log, and fails unless that is answered. */
    public void setLogBase(long size, long offset, Fd fd) {
        send(VhostUser.SET_LOG_BASE, logBase(size, offset), fd);
        Message reply = receive();
        if (reply.request() != VhostUser.SET_LOG_BASE) {
            throw new AssertionError("SET_LOG_BASE answered with " + reply);
        }
    }

    public void setVringNum(int index, long num) {
        set(VhostUser.SET_VRING_NUM, vringState(index, num));
    }

    public void setVringAddr(int index, VringAddress address) {
        set(VhostUser.SET_VRING_ADDR, vringAddr(index, address));
    }

    public void setVringBase(int index, long base) {
        set(VhostUser.SET_VRING_BASE, vringState(index, base));
    }

    /** Stops a vring. Returns where it stands. */
    public int getVringBase(int index) {
        byte[] reply = get(VhostUser.GET_VRING_BASE, vringState(index, 0)).payload();
        if (reply.length != 8 || Payload.value(reply, 0, 4) != index) {
            throw new AssertionError("GET_VRING_BASE answered with " + Arrays.toString(reply));
        }
        return (int) Payload.value(reply, 4, 4);
    }

    public void setVringKick(int index, Fd fd) {
        set(VhostUser.SET_VRING_KICK, new Payload().u64(index).done(), fd);
    }

    public void setVringCall(int index, Fd fd) {
        set(VhostUser.SET_VRING_CALL, new Payload().u64(index).done(), fd);
    }

    /** Wants no calls: the driver is going to look by itself. */
    public void setVringCallNone(int index) {
        set(VhostUser.SET_VRING_CALL, new Payload().u64(index | VhostUser.NOFD).done());
    }

    public void setVringErr(int index, Fd fd) {
        set(VhostUser.SET_VRING_ERR, new Payload().u64(index).done(), fd);
    }

    public void setVringEnable(int index, boolean enable) {
        set(VhostUser.SET_VRING_ENABLE, vringState(index, enable ? 1 : 0));
    }

    /** A vring with a driver and eventfds of its own, of which the back-end has not been told yet. */
    public FakeVring vring(int index, int size, FakeMemory memory) {
        boolean eventIdx = (features & VhostUser.F_EVENT_IDX) != 0;
        boolean packed = (features & VhostUser.F_RING_PACKED) != 0;
        return vring(
                index, packed ? new PackedDriver(memory, size, eventIdx) : new SplitDriver(memory, size, eventIdx));
    }

    /** A vring for a driver that is there already. */
    public FakeVring vring(int index, FakeDriver driver) {
        return new FakeVring(this, index, driver);
    }

    @Override
    public void close() {
        socket.close();
    }
}
