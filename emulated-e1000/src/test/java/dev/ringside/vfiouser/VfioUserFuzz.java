package dev.ringside.vfiouser;

import dev.ringside.e1000.EchoCard;
import dev.ringside.fuzz.FuzzInput;
import dev.ringside.fuzz.FuzzTarget;
import dev.ringside.fuzz.HostileConnection;
import dev.ringside.fuzz.HostileDriver;
import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.MemFd;
import dev.ringside.linux.Mmap;
import dev.ringside.linux.UnixSocket;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Engine;
import dev.ringside.metrics.Metrics;
import dev.ringside.testing.LogWatch;
import dev.ringside.testing.ProcSelf;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Whole sessions of vfio-user over a real socket: messages in any order, with any descriptors, to a card, which may be at work
 * in what memory there is.
 */
public final class VfioUserFuzz implements FuzzTarget {
    private static final int MEMORY_BYTES = 64 << 10;
    private static final int MAX_STEPS = 64;
    private static final int EXECUTIONS_BETWEEN_LOOKS = 4096;

    private static final int CONFIG = 7;
    private static final int COMMAND = 4;
    private static final int MASTER_AND_MEMORY = 6;
    private static final int TCTL = 0x400;
    private static final int ENABLE = 2;
    private static final int TDBAL = 0x3800;
    private static final int TDLEN = 0x3808;
    private static final int TDT = 0x3818;
    private static final int RING = 64;

    private final LogWatch log = new LogWatch();
    private final DeviceLoop loop = DeviceLoop.start("fuzz", Engine.best());
    private final EchoCard card = new EchoCard(loop);
    private final List<Fd> fds = new ArrayList<>();
    private final MemorySegment memory;
    private ProcSelf before;
    private long executions;
    private int id;

    public VfioUserFuzz() throws LinuxException {
        fds.add(MemFd.create("fake-guest-memory", MEMORY_BYTES));
        memory = Mmap.shared(fds.getFirst(), 0, MEMORY_BYTES, Arena.ofAuto());
        fds.add(EventFd.create());
        fds.add(HostFile.open(Path.of("/"), HostFile.O_RDONLY));
        fds.add(HostFile.open(Path.of("/dev/null"), HostFile.O_RDWR));
    }

    @Override
    public void execute(FuzzInput input) throws Exception {
        if (executions++ % EXECUTIONS_BETWEEN_LOOKS == 0) {
            look();
        }
        memory.fill((byte) 0);
        UnixSocket[] pair = UnixSocket.pair();
        VfioUserServer server = new VfioUserServer(card.function(), loop, Metrics.NONE, Map.of());
        server.adopt(pair[1].fd());
        try (HostileConnection client = new HostileConnection(pair[0])) {
            id = 1;
            for (int step = 0; input.hasMore() && step < MAX_STEPS; step++) {
                if (!step(input, client)) {
                    break;
                }
            }
        }
        HostileDriver.await(server.finished());
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
    private boolean step(FuzzInput input, HostileConnection client) throws Exception {
        int how = input.u8();
        List<Fd> with = (how & 0x40) != 0 ? List.of(fds.get(input.below(fds.size()))) : List.of();
        return switch (how & 15) {
            case 0, 1, 2 -> {
                String json = "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":" + input.u16() + "}}\0";
                yield send(client, 1, 0, with, body().putInt(0).put(json.getBytes(StandardCharsets.US_ASCII)));
            }
            case 3 ->
                send(client, 1, 0, with, body().putInt(0).put(input.bytes(64)).put((byte) 0));
            case 4, 5 ->
                send(
                        client,
                        2,
                        0,
                        (how & 0x80) != 0 ? with : List.of(fds.getFirst()),
                        body().putInt(32)
                                .putInt(3)
                                .putLong((how & 0x20) != 0 ? input.i64() : 0)
                                .putLong((how & 0x20) != 0 ? input.i64() : (long) input.below(4) << 14)
                                .putLong((how & 0x20) != 0 ? input.i64() : 0x4000));
            case 6 ->
                send(
                        client,
                        3,
                        0,
                        with,
                        body().putInt(24)
                                .putInt(input.below(4))
                                .putLong((long) input.below(4) << 14)
                                .putLong(0x4000));
            case 7, 8, 9 -> {
                // A write of a register, in BAR 0 or config space.
                boolean config = input.below(8) == 0;
                int width = 1 << input.below(4);
                ByteBuffer write = body().putLong(config ? input.u8() : input.u16() & ~3)
                        .putInt(config ? 7 : input.below(3))
                        .putInt(width);
                for (int i = 0; i < width; i++) {
                    write.put((byte) input.u8());
                }
                yield send(client, 10, (how >> 3) & 0x10, with, write);
            }
            case 10 ->
                send(
                        client,
                        9,
                        0,
                        with,
                        body().putLong(input.u16()).putInt(input.below(10)).putInt(input.u8()));
            case 11 ->
                send(
                        client,
                        8,
                        0,
                        with,
                        body().putInt(20)
                                .putInt(input.u8())
                                .putInt(input.below(6))
                                .putInt(input.below(3))
                                .putInt(input.below(3))
                                .put(input.bytes(8)));
            case 12 -> {
                HostileDriver.await(loop.call(() -> true));
                yield client.drain();
            }
            case 13 -> client.put(input.bytes(input.below(40)), List.of());
            case 14 -> (how & 0x20) != 0 ? putDescriptor(input) : startCard(input, client);
            default -> send(client, input.below(18), input.u8(), with, body().put(input.bytes(input.below(64))));
        };
    }

    /** What a driver stores: a descriptor of either ring, anywhere. */
    private boolean putDescriptor(FuzzInput input) {
        long at = 16L * (input.u16() % (MEMORY_BYTES / 16));
        memory.set(ValueLayout.JAVA_LONG, at, input.u16() << (input.u8() & 3));
        memory.set(ValueLayout.JAVA_LONG, at + 8, (long) input.u8() << 24 | input.u16());
        return true;
    }

    /** Registers as a driver has them that has brought the card up, with rings anywhere. */
    private boolean startCard(FuzzInput input, HostileConnection client) {
        int ring = 16 * (input.u16() % (2 * MEMORY_BYTES / 16));
        int tail = input.below(RING);
        return write(client, CONFIG, COMMAND, MASTER_AND_MEMORY)
                && write(client, 0, TDBAL, ring)
                && write(client, 0, TDLEN, RING * 16)
                && write(client, 0, TCTL, ENABLE)
                && write(client, 0, TDT, tail);
    }

    private boolean write(HostileConnection client, int region, int offset, int value) {
        return send(
                client,
                10,
                0,
                List.of(),
                body().putLong(offset).putInt(region).putInt(Integer.BYTES).putInt(value));
    }

    private static ByteBuffer body() {
        return ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN);
    }

    private boolean send(HostileConnection client, int command, int flags, List<Fd> with, ByteBuffer body) {
        body.flip();
        ByteBuffer message = ByteBuffer.allocate(16 + body.remaining()).order(ByteOrder.LITTLE_ENDIAN);
        message.putShort((short) id++)
                .putShort((short) command)
                .putInt(16 + body.remaining())
                .putInt(flags)
                .putInt(0)
                .put(body);
        return client.put(message.array(), with);
    }

    @Override
    public void close() {
        look();
        loop.close();
        fds.forEach(Fd::close);
        log.close();
    }
}
