package dev.ringside.blk;

import dev.ringside.blk.storage.Storage;
import dev.ringside.loop.Engine;
import dev.ringside.metrics.Metrics;
import dev.ringside.testing.ChainBuilder;
import dev.ringside.testing.FakeChain;
import dev.ringside.testing.FakeDriver.Used;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.FakeVring;
import dev.ringside.testing.Payload;
import dev.ringside.testing.TestServer;
import dev.ringside.testing.VhostUser;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A disk as its guest sees it: requests in one line, over real vrings and a real socket, to a device and storage under
 * test. Rings lie in the first region of memory, buffers in the second, which every request has to itself.
 */
final class GuestDisk implements AutoCloseable {
    /** Request types (virtio 1.2 §5.2.6). */
    static final int IN = 0;

    static final int OUT = 1;
    static final int FLUSH = 4;
    static final int GET_ID = 8;
    static final int DISCARD = 11;
    static final int WRITE_ZEROES = 13;

    static final int OK = 0;
    static final int IOERR = 1;
    static final int UNSUPP = 2;
    /** What a status byte holds before the device writes it. */
    static final int NONE = 0x77;

    static final int SECTOR = 512;
    static final int QUEUES = 4;
    static final int QUEUE_SIZE = 256;
    static final long BUFFERS = 1L << 32;
    static final long BUFFER_BYTES = 64L << 20;

    static final BlockDevice.Settings SETTINGS =
            new BlockDevice.Settings("label", "serial-0123456789abcdef", 512, true, QUEUES);

    private final Storage storage;
    private final BlockDevice device;
    private final TestServer server;
    private final FakeMemory memory = FakeMemory.of(4 << 20).region(BUFFERS, BUFFERS, BUFFER_BYTES);
    private final List<FakeVring> vrings = new ArrayList<>();
    private FakeFrontEnd frontEnd;

    /** @param storage taken over */
    GuestDisk(Storage storage, Engine engine) {
        this(storage, engine, SETTINGS, -1);
    }

    /**
     * @param storage taken over
     * @param features that the driver takes, if they are offered
     */
    GuestDisk(Storage storage, Engine engine, BlockDevice.Settings settings, long features) {
        this.storage = storage;
        device = new BlockDevice(storage, settings, Metrics.NONE);
        server = TestServer.listening(device, engine);
        connect(features);
    }

    /** Another front-end in the place of the one before. */
    void reconnect(long features) {
        disconnect();
        connect(features);
    }

    private void connect(long features) {
        // Layouts that only split rings allow are tested, too.
        frontEnd = server.connect().negotiate(features & ~VhostUser.F_RING_PACKED, -1);
        frontEnd.setMemTable(memory);
        memory.allocateFrom(0);
        for (int i = 0; i < QUEUES; i++) {
            vrings.add(frontEnd.vring(i, QUEUE_SIZE, memory).run());
        }
        memory.allocateFrom(1);
    }

    private void disconnect() {
        frontEnd.close();
        vrings.forEach(FakeVring::close);
        vrings.clear();
    }

    BlockDevice device() {
        return device;
    }

    FakeFrontEnd frontEnd() {
        return frontEnd;
    }

    FakeMemory memory() {
        return memory;
    }

    FakeVring vring(int index) {
        return vrings.get(index);
    }

    /**
     * What became of a request.
     *
     * @param status its last byte
     * @param written bytes that the device says it wrote
     * @param chain with what its buffers hold
     */
    record Result(int status, long written, FakeChain chain) {
        /** What was read: all writable bytes but the status. */
        byte[] data() {
            byte[] writable = chain.writable();
            return Arrays.copyOf(writable, writable.length - 1);
        }
    }

    /** struct virtio_blk_req's first fields. */
    static byte[] header(int type, long sector) {
        return new Payload().u32(type, 0).u64(sector).done();
    }

    /** Begins a request with anything in place of its header, in memory of its own. */
    ChainBuilder begin() {
        memory.allocateFrom(1);
        return vrings.get(0).driver().chain();
    }

    /** Begins a request with its header in one buffer. */
    ChainBuilder begin(int type, long sector) {
        return begin().readable(header(type, sector));
    }

    /** Sends a request that is complete but for its status, which gets a buffer of its own. */
    Result finish(ChainBuilder request) {
        return send(status(request));
    }

    /** Adds a status byte in a buffer of its own. */
    ChainBuilder status(ChainBuilder request) {
        long status = memory.allocate(1, 1);
        memory.put(status, (byte) NONE);
        return request.writableAt(status, 1);
    }

    /** Sends a request as it is. */
    Result send(ChainBuilder request) {
        FakeChain chain = request.offer();
        vrings.get(0).kick();
        Used used = vrings.get(0).awaitUsed();
        if (used.id() != chain.id()) {
            throw new AssertionError("%s for chain %d".formatted(used, chain.id()));
        }
        return new Result(chain.lastByte(), used.written(), chain);
    }

    /** A read that has to succeed. */
    byte[] read(long sector, int bytes) {
        Result result = finish(begin(IN, sector).writable(bytes));
        if (result.status() != OK) {
            throw new AssertionError("status " + result.status());
        }
        return result.data();
    }

    /** A write. Returns its status. */
    int write(long sector, byte... data) {
        return finish(begin(OUT, sector).readable(data)).status();
    }

    /** A flush. Returns its status. */
    int flush() {
        return finish(begin(FLUSH, 0)).status();
    }

    @Override
    public void close() {
        disconnect();
        server.close();
        storage.close();
        memory.close();
    }
}
