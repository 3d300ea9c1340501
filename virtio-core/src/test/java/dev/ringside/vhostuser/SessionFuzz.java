package dev.ringside.vhostuser;

import dev.ringside.fuzz.FuzzInput;
import dev.ringside.fuzz.FuzzTarget;
import dev.ringside.fuzz.HostileConnection;
import dev.ringside.fuzz.HostileDriver;
import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.Pipe;
import dev.ringside.linux.UnixSocket;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Engine;
import dev.ringside.queue.PackedVirtqueue;
import dev.ringside.testing.EchoDevice;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.LogWatch;
import dev.ringside.testing.Payload;
import dev.ringside.testing.ProcSelf;
import dev.ringside.testing.VhostUser;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Whole sessions over a real socket: messages in any order, with any descriptors, and rings that run meanwhile. Nothing is
 * mapped that its file does not have; and when the front-end has gone the session ends, and nothing of it is left.
 */
public final class SessionFuzz implements FuzzTarget {
    private static final int MEMORY_BYTES = 64 << 10;
    private static final int QUEUES = 2;
    private static final int MAX_STEPS = 64;
    private static final int MAX_FDS = 9;
    private static final int EXECUTIONS_BETWEEN_LOOKS = 4096;

    private static final int DESC = 0x1000;
    private static final int AVAIL = 0x2000;
    private static final int USED = 0x3000;
    private static final int BUFFERS = 0x4000;
    private static final int SIZE = 8;

    private final LogWatch log = new LogWatch();
    private final DeviceLoop loop = DeviceLoop.start("fuzz", Engine.best());
    private final EchoDevice device = new EchoDevice(QUEUES);
    private final FakeMemory memory = FakeMemory.of(MEMORY_BYTES);
    private final MemorySegment guest = memory.regions().getFirst().mapping().memory();
    private final Fd kick;
    private final List<Fd> fds = new ArrayList<>();
    private ProcSelf before;
    private long executions;
    private boolean cut;
    /** A region of memory was announced that its file cannot have. */
    private boolean triedBeyond;

    public SessionFuzz() throws LinuxException {
        kick = EventFd.create();
        Pipe pipe = Pipe.create();
        UnixSocket[] pair = UnixSocket.pair();
        fds.add(memory.regions().getFirst().fd());
        fds.add(kick);
        fds.add(EventFd.create());
        fds.add(EventFd.create());
        fds.add(pipe.readEnd());
        fds.add(pipe.writeEnd());
        fds.add(HostFile.open(Path.of("/"), HostFile.O_RDONLY));
        fds.add(HostFile.open(Path.of("/dev/null"), HostFile.O_RDWR));
        fds.add(pair[0].fd());
        fds.add(pair[1].fd());
    }

    @Override
    public void execute(FuzzInput input) throws Exception {
        if (executions++ % EXECUTIONS_BETWEEN_LOOKS == 0) {
            look();
        }
        guest.asSlice(0, 2L * BUFFERS).fill((byte) 0);
        triedBeyond = false;
        UnixSocket[] pair = UnixSocket.pair();
        VhostUserServer server = new VhostUserServer(device, loop, List.of(loop));
        server.adopt(pair[1].fd());
        try (HostileConnection frontEnd = new HostileConnection(pair[0])) {
            for (int step = 0; input.hasMore() && step < MAX_STEPS; step++) {
                if (!step(input, frontEnd)) {
                    break;
                }
            }
        }
        HostileDriver.await(server.finished());
        if (cut) {
            cut = false;
            memory.regions().getFirst().truncate(MEMORY_BYTES);
        }
        if (!log.errors().isEmpty()) {
            throw new AssertionError(log.errors().toString());
        }
    }

    private void look() {
        if (before == null) {
            before = ProcSelf.now();
        } else {
            ProcSelf.awaitNoMoreThan(before);
        }
    }

    /** Returns whether the connection is of further use. */
    private boolean step(FuzzInput input, HostileConnection frontEnd) throws Exception {
        int index = input.below(QUEUES + 1) % QUEUES;
        return switch (input.below(16)) {
            case 0, 1 -> anything(input, frontEnd);
            case 2, 3 -> negotiate(input, frontEnd);
            case 4 -> send(input, frontEnd, VhostUser.SET_MEM_TABLE, table(input), chosen(input));
            case 5, 6 ->
                send(input, frontEnd, VhostUser.SET_MEM_TABLE, table(MEMORY_BYTES, 0), List.of(fds.getFirst()));
            case 7, 8 -> setUp(input, frontEnd, index);
            case 9 -> send(input, frontEnd, VhostUser.SET_VRING_ENABLE, payload(index, input.below(2)), List.of());
            case 10 -> send(input, frontEnd, VhostUser.GET_VRING_BASE, payload(index, 0), List.of());
            case 11 -> offer(input);
            case 12 -> {
                EventFd.signal(kick);
                yield true;
            }
            case 13 -> {
                // Everything said so far has been heard, or is being waited for.
                HostileDriver.await(loop.call(() -> true));
                checkMappings();
                yield frontEnd.drain();
            }
            case 14 -> frontEnd.put(input.bytes(input.below(24)), List.of());
            default -> {
                if ((input.u8() & 7) == 0) {
                    cut = true;
                    memory.regions().getFirst().truncate(input.below(2) * 0x3000L);
                    yield true;
                }
                yield send(input, frontEnd, addOrRemove(input), region(input), chosen(input));
            }
        };
    }

    private void checkMappings() {
        if (triedBeyond && !cut && ProcSelf.endOfGuestMappings() > MEMORY_BYTES) {
            throw new AssertionError("a mapping beyond the end of its file");
        }
    }

    private boolean anything(FuzzInput input, HostileConnection frontEnd) throws LinuxException {
        return send(input, frontEnd, input.below(45), input.bytes(input.below(64)), chosen(input));
    }

    private boolean negotiate(FuzzInput input, HostileConnection frontEnd) throws LinuxException {
        long features = VhostUser.F_PROTOCOL_FEATURES
                | (input.bool() ? VhostUser.F_RING_PACKED : 0)
                | (input.bool() ? VhostUser.F_LOG_ALL : 0);
        return send(input, frontEnd, VhostUser.SET_OWNER, Payload.EMPTY, List.of())
                && send(
                        input,
                        frontEnd,
                        VhostUser.SET_PROTOCOL_FEATURES,
                        new Payload().u64(ProtocolFeature.OFFERED ^ input.u8()).done(),
                        List.of())
                && send(
                        input,
                        frontEnd,
                        VhostUser.SET_FEATURES,
                        new Payload().u64(features).done(),
                        List.of());
    }

    private boolean setUp(FuzzInput input, HostileConnection frontEnd, int index) throws LinuxException {
        long user = FakeMemory.USER_ADDRESS;
        int base = input.bool() ? 0 : PackedVirtqueue.INITIAL_BASE;
        byte[] address = new Payload()
                .u32(index, input.u8() & 1)
                .u64(user + DESC, user + USED, user + AVAIL + (input.u8() & 2), 0)
                .done();
        byte[] vring = new Payload().u64(index).done();
        return send(input, frontEnd, VhostUser.SET_VRING_NUM, payload(index, SIZE), List.of())
                && send(input, frontEnd, VhostUser.SET_VRING_BASE, payload(index, base), List.of())
                && send(input, frontEnd, VhostUser.SET_VRING_ADDR, address, List.of())
                && send(input, frontEnd, VhostUser.SET_VRING_CALL, vring, List.of(fds.get(input.below(fds.size()))))
                && send(input, frontEnd, VhostUser.SET_VRING_KICK, vring, List.of(kick))
                && send(input, frontEnd, VhostUser.SET_VRING_ENABLE, payload(index, 1), List.of());
    }

    private static byte[] payload(long index, long value) {
        return new Payload().u32(index, value).done();
    }

    private static byte[] table(long bytes, long offset) {
        return new Payload()
                .u32(1, 0)
                .u64(FakeMemory.GUEST_ADDRESS, bytes, FakeMemory.USER_ADDRESS, offset)
                .done();
    }

    private byte[] table(FuzzInput input) {
        Payload table = new Payload();
        int regions = input.below(10);
        table.u32(regions, 0);
        for (int i = 0; i < regions; i++) {
            table.bytes(regionBytes(input));
        }
        return table.done();
    }

    private byte[] regionBytes(FuzzInput input) {
        int how = input.u8();
        long guestAddress = (how & 1) == 0 ? (long) input.below(16) << 12 : input.i64();
        long size = (how & 2) == 0 ? (long) input.below(17) << 12 : input.i64();
        long offset = (how & 4) == 0 ? 0 : input.u16();
        triedBeyond |= size > MEMORY_BYTES - offset;
        return new Payload()
                .u64(guestAddress, size, FakeMemory.USER_ADDRESS + guestAddress, offset)
                .done();
    }

    private byte[] region(FuzzInput input) {
        return new Payload().u64(0).bytes(regionBytes(input)).done();
    }

    private static int addOrRemove(FuzzInput input) {
        return input.bool() ? VhostUser.ADD_MEM_REG : VhostUser.REM_MEM_REG;
    }

    private List<Fd> chosen(FuzzInput input) {
        List<Fd> chosen = new ArrayList<>();
        for (int count = input.below(MAX_FDS + 1); count > 0; count--) {
            chosen.add(fds.get(input.below(fds.size())));
        }
        return chosen;
    }

    /** What the driver does: descriptors anywhere, available in one format or the other. */
    private boolean offer(FuzzInput input) {
        if (cut) {
            return true;
        }
        int slot = input.below(SIZE);
        long at = DESC + 16L * slot;
        guest.set(ValueLayout.JAVA_LONG, at, FakeMemory.GUEST_ADDRESS + BUFFERS + input.u16());
        guest.set(ValueLayout.JAVA_INT, at + 8, input.u16());
        guest.set(ValueLayout.JAVA_SHORT, at + 12, (short) input.u8());
        guest.set(ValueLayout.JAVA_SHORT, at + 14, (short) input.u16());
        guest.set(ValueLayout.JAVA_SHORT, AVAIL + 4 + 2L * slot, (short) input.u8());
        guest.set(ValueLayout.JAVA_SHORT, AVAIL + 2L, (short) (slot + 1));
        return true;
    }

    private boolean send(FuzzInput input, HostileConnection frontEnd, int request, byte[] payload, List<Fd> with)
            throws LinuxException {
        int flags = input.u8();
        int version = (flags & 0xf0) == 0xf0 ? flags & 3 : VhostUser.VERSION;
        int kind = (flags & 0x0e) == 0x0e ? VhostUser.REPLY : (flags & 1) != 0 ? VhostUser.NEED_REPLY : 0;
        return frontEnd.put(FakeFrontEnd.message(request, version | kind, payload), with);
    }

    @Override
    public void close() {
        look();
        loop.close();
        fds.forEach(Fd::close);
        memory.close();
        log.close();
    }
}
