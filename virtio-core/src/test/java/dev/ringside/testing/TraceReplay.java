package dev.ringside.testing;

import static dev.ringside.testing.VhostUser.NEED_REPLY;

import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.UnixSocket;
import dev.ringside.queue.VringAddress;
import dev.ringside.testing.FakeFrontEnd.Message;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Says to a back-end what a real front-end once said to another: the same messages in the same order with the same
 * flags, sizes and numbers of descriptors; the same addresses, sizes and indices; features as far as they are offered.
 * Where the recording pauses, the guest had its devices to itself: the vrings that run then are used.
 */
public final class TraceReplay implements AutoCloseable {
    /** A pause between two messages in which a guest was at work. */
    private static final double PAUSE_SECONDS = 0.1;

    private final FakeFrontEnd frontEnd;
    private final Consumer<FakeVring> guest;
    private final FakeMemory memory = new FakeMemory();
    private final Map<Integer, Ring> rings = new TreeMap<>();
    private long offeredFeatures;
    private long offeredProtocolFeatures;
    private long features;
    private int uses;

    private static final class Ring {
        final FakeVring vring;
        int size;
        int base;
        VringAddress address = new VringAddress(0, 0, 0);
        boolean started;
        boolean enabled;

        Ring(FakeVring vring) {
            this.vring = vring;
        }
    }

    /**
     * @param frontEnd connected; taken over
     * @param guest what a guest does with a vring that runs
     */
    public TraceReplay(FakeFrontEnd frontEnd, Consumer<FakeVring> guest) {
        this.frontEnd = frontEnd;
        this.guest = guest;
    }

    /** Replays one connection. Returns how often a vring was used. */
    public int replay(List<TraceMessage> connection) {
        double last = 0;
        for (TraceMessage message : connection) {
            if (message.seconds() - last > PAUSE_SECONDS) {
                useRunningVrings();
            }
            last = message.seconds();
            if (message.fromFrontEnd()) {
                send(message);
            } else {
                expect(message);
            }
        }
        return uses;
    }

    private void useRunningVrings() {
        for (Ring ring : rings.values()) {
            if (ring.started && ring.enabled) {
                guest.accept(ring.vring);
                uses++;
            }
        }
    }

    private void send(TraceMessage message) {
        byte[] payload = payload(message);
        if (payload.length != message.size()) {
            throw new AssertionError("%s of %d bytes".formatted(message, payload.length));
        }
        Fd[] fds = fds(message);
        frontEnd.sendRaw(FakeFrontEnd.message(message.number(), message.flags(), payload), fds);
        if (message.name().equals("SET_BACKEND_REQ_FD")) {
            fds[0].close();
        }
    }

    private byte[] payload(TraceMessage message) {
        return switch (message.name()) {
            case "SET_FEATURES" -> {
                features = message.field("u64") & offeredFeatures;
                yield new Payload().u64(features).done();
            }
            case "SET_PROTOCOL_FEATURES" ->
                new Payload()
                        .u64(message.field("u64") & offeredProtocolFeatures)
                        .done();
            case "SET_STATUS" -> new Payload().u64(message.field("u64")).done();
            case "GET_CONFIG" -> {
                long size = message.field("size");
                yield new Payload()
                        .u32(message.field("offset"), size, 0)
                        .zeroes((int) size)
                        .done();
            }
            case "ADD_MEM_REG" -> {
                addRegion(message);
                yield new Payload().u64(0).bytes(region(message)).done();
            }
            case "REM_MEM_REG" -> new Payload().u64(0).bytes(region(message)).done();
            case "SET_MEM_TABLE" -> {
                addRegion(message);
                yield new Payload().u32(1, 0).bytes(region(message)).done();
            }
            case "SET_VRING_NUM" -> {
                ring(message).size = (int) message.field("num");
                yield vringState(message);
            }
            case "SET_VRING_BASE" -> {
                ring(message).base = (int) message.field("num");
                yield vringState(message);
            }
            case "SET_VRING_ENABLE" -> {
                ring(message).enabled = message.field("num") == 1;
                yield vringState(message);
            }
            case "GET_VRING_BASE" -> {
                ring(message).started = false;
                yield vringState(message);
            }
            case "SET_VRING_ADDR" -> vringAddr(message);
            case "SET_VRING_KICK" -> {
                start(ring(message));
                yield new Payload().u64(message.field("idx")).done();
            }
            case "SET_VRING_CALL", "SET_VRING_ERR" ->
                new Payload().u64(message.field("idx")).done();
            default -> Payload.EMPTY;
        };
    }

    /** The largest region is where the guest has its buffers. */
    private void addRegion(TraceMessage message) {
        memory.region(message.field("gpa"), message.field("uva"), message.field("size"), message.field("off"));
        memory.allocateFrom(memory.regions().size() - 1);
    }

    private static byte[] region(TraceMessage message) {
        return new Payload()
                .u64(message.field("gpa"), message.field("size"), message.field("uva"), message.field("off"))
                .done();
    }

    private static byte[] vringState(TraceMessage message) {
        return FakeFrontEnd.vringState(message.field("idx"), message.field("num"));
    }

    private byte[] vringAddr(TraceMessage message) {
        ring(message).address = new VringAddress(message.field("desc"), message.field("avail"), message.field("used"));
        return new Payload()
                .u32(message.field("idx"), 0)
                .u64(message.field("desc"), message.field("used"), message.field("avail"), message.field("log"))
                .done();
    }

    private void start(Ring ring) {
        boolean eventIdx = (features & VhostUser.F_EVENT_IDX) != 0;
        boolean packed = (features & VhostUser.F_RING_PACKED) != 0;
        ring.vring.handOverTo(
                packed
                        ? new PackedDriver(memory, ring.size, eventIdx, ring.address, ring.base)
                        : new SplitDriver(memory, ring.size, eventIdx, ring.address, ring.base));
        ring.started = true;
    }

    private Ring ring(TraceMessage message) {
        return rings.computeIfAbsent(
                (int) message.field("idx"), index -> new Ring(frontEnd.vring(index, (FakeDriver) null)));
    }

    private Fd[] fds(TraceMessage message) {
        if (message.fds() == 0) {
            return new Fd[0];
        }
        return switch (message.name()) {
            case "SET_VRING_KICK" -> new Fd[] {ring(message).vring.kickFd()};
            case "SET_VRING_CALL" -> new Fd[] {ring(message).vring.callFd()};
            case "SET_VRING_ERR" -> new Fd[] {ring(message).vring.errFd()};
            case "SET_BACKEND_REQ_FD" -> new Fd[] {backChannel()};
            default ->
                new Fd[] {memory.regions().get(memory.regions().size() - 1).fd()};
        };
    }

    private static Fd backChannel() {
        try {
            UnixSocket[] pair = UnixSocket.pair();
            pair[1].close();
            return pair[0].fd();
        } catch (LinuxException e) {
            throw new AssertionError(e);
        }
    }

    private void expect(TraceMessage message) {
        Message reply = frontEnd.receive();
        if (reply.request() != message.number()
                || reply.payload().length != message.size()
                || (reply.flags() | NEED_REPLY) != (message.flags() | NEED_REPLY)) {
            throw new AssertionError("%s was answered with %s".formatted(message, reply));
        }
        switch (message.name()) {
            case "GET_FEATURES" -> offeredFeatures = reply.u64();
            case "GET_PROTOCOL_FEATURES" -> offeredProtocolFeatures = reply.u64();
            case "GET_QUEUE_NUM", "GET_MAX_MEM_SLOTS", "GET_CONFIG" -> {}
            case "GET_VRING_BASE" -> {
                int base = ring(message).vring.driver().base();
                expect(message, reply, message.field("idx") | (long) base << 32);
            }
            default -> expect(message, reply, message.field("u64"));
        }
    }

    private static void expect(TraceMessage message, Message reply, long value) {
        if (reply.u64() != value) {
            throw new AssertionError("%s was answered with %#x".formatted(message, reply.u64()));
        }
    }

    @Override
    public void close() {
        frontEnd.close();
        rings.values().forEach(ring -> ring.vring.close());
        memory.close();
    }
}
