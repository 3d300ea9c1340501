package dev.ringside.blk;

import dev.ringside.blk.storage.Lifetime;
import dev.ringside.blk.storage.Storage;
import dev.ringside.blk.storage.StorageQueue;
import dev.ringside.device.QueueContext;
import dev.ringside.device.QueueHandler;
import dev.ringside.linux.Errno;
import dev.ringside.memory.GuestAccess;
import dev.ringside.queue.DescriptorChain;
import java.lang.foreign.MemorySegment;

/**
 * The requests of one queue (virtio 1.2 §5.2.6): parsed from chains, checked, and handed to the storage.
 *
 * <p>A request is reported done only when it is: data that was written is in the storage, and durable as well if the
 * driver cannot flush or has switched the write cache off; a flush covers every write that was reported before it.
 */
final class BlockQueue implements QueueHandler {
    /** struct virtio_blk_req: le32 type, le32 reserved, le64 sector, data, u8 status. */
    static final int HEADER_BYTES = 16;

    private static final int SECTOR = 8;
    private static final int STATUS_BYTES = 1;

    private static final int T_IN = 0;
    static final int T_OUT = 1;
    private static final int T_FLUSH = 4;
    private static final int T_GET_ID = 8;
    private static final int T_GET_LIFETIME = 10;
    private static final int T_DISCARD = 11;
    private static final int T_WRITE_ZEROES = 13;
    private static final int T_SECURE_ERASE = 14;

    /** struct virtio_blk_lifetime: le16 pre_eol_info, le16 device_lifetime_est_typ_a, le16 device_lifetime_est_typ_b. */
    private static final int LIFETIME_BYTES = 6;

    private static final int S_OK = 0;
    private static final int S_IOERR = 1;
    private static final int S_UNSUPP = 2;

    private final BlockDevice device;
    private final Storage storage;
    private final Storage.Limits limits;
    private final MemorySegment serial;
    private final QueueContext queue;
    private final long features;
    private final StorageQueue io;
    private final BlockRequest[] requests;
    private final BlockStats stats;
    private boolean suspending;

    BlockQueue(
            BlockDevice device, Storage storage, byte[] serial, QueueContext queue, long features, BlockStats stats) {
        this.stats = stats;
        this.device = device;
        this.storage = storage;
        this.limits = storage.limits();
        this.serial = MemorySegment.ofArray(serial);
        this.queue = queue;
        this.features = features;
        this.requests = new BlockRequest[queue.size()];
        this.io = storage.open(queue.loop(), this::completed);
    }

    @Override
    public void handle(DescriptorChain chain) {
        if (chain.writableBytes() < STATUS_BYTES) {
            warn("request without room for a status");
            queue.complete(chain, 0);
            return;
        }
        if (chain.readableBytes() < HEADER_BYTES) {
            fail(chain, S_IOERR, "request header of " + chain.readableBytes() + " bytes");
            return;
        }
        int type = (int) chain.readU64(0);
        long sector = chain.readU64(SECTOR);
        switch (type) {
            case T_IN -> read(chain, sector);
            case T_OUT -> write(chain, sector);
            case T_FLUSH -> flush(chain);
            case T_GET_ID -> getId(chain);
            case T_DISCARD -> discard(chain);
            case T_WRITE_ZEROES -> writeZeroes(chain);
            case T_SECURE_ERASE -> secureErase(chain);
            case T_GET_LIFETIME -> getLifetime(chain);
            default -> fail(chain, S_UNSUPP, "request of unsupported type " + Integer.toUnsignedString(type));
        }
    }

    @Override
    public void reject(DescriptorChain chain) {
        if (chain.endsWritable()) {
            finish(chain, S_IOERR, 0);
        } else {
            queue.complete(chain, 0);
        }
    }

    @Override
    public boolean abandon(DescriptorChain chain) {
        return !io.isInFlight(chain.slot());
    }

    @Override
    public void suspend() {
        suspending = true;
        io.suspend();
    }

    private void read(DescriptorChain chain, long sector) {
        long bytes = chain.writableBytes() - STATUS_BYTES;
        if (isTransfer(chain, sector, bytes)) {
            BlockRequest request = request(chain);
            request.begin(BlockRequest.Type.READ, now());
            request.transfer().begin(true, 0, sector * Storage.SECTOR_BYTES, bytes);
            io.read(request.transfer());
        }
    }

    private void write(DescriptorChain chain, long sector) {
        long bytes = chain.readableBytes() - HEADER_BYTES;
        if (isWritable(chain) && isTransfer(chain, sector, bytes)) {
            BlockRequest request = request(chain);
            request.begin(BlockRequest.Type.WRITE, now());
            request.transfer().begin(false, HEADER_BYTES, sector * Storage.SECTOR_BYTES, bytes);
            io.write(request.transfer(), device.writesThrough(features));
        }
    }

    /** Whether there is data to be moved; if not, the request is finished. */
    private boolean isTransfer(DescriptorChain chain, long sector, long bytes) {
        if (bytes % Storage.SECTOR_BYTES != 0) {
            fail(chain, S_IOERR, "transfer of " + bytes + " bytes");
            return false;
        }
        long sectors = bytes / Storage.SECTOR_BYTES;
        long capacity = storage.sectors();
        if (sector < 0 || sector > capacity - sectors) {
            fail(
                    chain,
                    S_IOERR,
                    "transfer of %d sectors at %s of %d".formatted(sectors, Long.toUnsignedString(sector), capacity));
            return false;
        }
        if (bytes == 0) {
            finish(chain, S_OK, STATUS_BYTES);
            return false;
        }
        return true;
    }

    private boolean isWritable(DescriptorChain chain) {
        if (storage.isReadOnly()) {
            fail(chain, S_IOERR, "write to a read-only disk");
            return false;
        }
        return true;
    }

    private void flush(DescriptorChain chain) {
        BlockRequest request = request(chain);
        request.begin(BlockRequest.Type.FLUSH, now());
        io.flush(request.slot());
    }

    /** The ID is 20 bytes, without a terminator if it is that long (§5.2.6.2); a shorter buffer gets its beginning. */
    private void getId(DescriptorChain chain) {
        long bytes = Math.min(serial.byteSize(), chain.writableBytes() - STATUS_BYTES);
        chain.write(0, serial, 0, bytes);
        finish(chain, S_OK, bytes + STATUS_BYTES);
    }

    private void discard(DescriptorChain chain) {
        if (!limits.discard()) {
            fail(chain, S_UNSUPP, "DISCARD is not supported");
        } else if (isWritable(chain)) {
            ranges(chain, BlockRequest.Type.DISCARD, BlockConfig.MAX_DISCARD, 0);
        }
    }

    /**
     * Linux (7.2.7, for one) puts the ranges into a device-writable buffer, for it tells the direction by the lowest bit of
     * the type, which is 0 here. They are not read there (§2.7.5.1): what is erased by mistake cannot be had back.
     */
    private void secureErase(DescriptorChain chain) {
        if (!limits.secureErase()) {
            fail(chain, S_UNSUPP, "SECURE_ERASE is not supported");
        } else if (isWritable(chain)) {
            ranges(chain, BlockRequest.Type.SECURE_ERASE, BlockConfig.MAX_DISCARD, 0);
        }
    }

    private void getLifetime(DescriptorChain chain) {
        Lifetime lifetime = storage.lifetime();
        if (lifetime == null) {
            fail(chain, S_UNSUPP, "GET_LIFETIME is not supported");
        } else if (chain.writableBytes() != LIFETIME_BYTES + STATUS_BYTES) {
            fail(chain, S_IOERR, "GET_LIFETIME into " + (chain.writableBytes() - STATUS_BYTES) + " bytes");
        } else {
            MemorySegment answer = MemorySegment.ofArray(new byte[LIFETIME_BYTES]);
            GuestAccess.putU16(answer, 0, lifetime.preEol());
            GuestAccess.putU16(answer, 2, lifetime.typeA());
            GuestAccess.putU16(answer, 4, lifetime.typeB());
            chain.write(0, answer, 0, LIFETIME_BYTES);
            finish(chain, S_OK, LIFETIME_BYTES + STATUS_BYTES);
        }
    }

    private void writeZeroes(DescriptorChain chain) {
        if (!limits.writeZeroes()) {
            fail(chain, S_UNSUPP, "WRITE_ZEROES is not supported");
        } else if (isWritable(chain)) {
            ranges(chain, BlockRequest.Type.WRITE_ZEROES, BlockConfig.MAX_WRITE_ZEROES, Ranges.FLAG_UNMAP);
        }
    }

    private void ranges(DescriptorChain chain, BlockRequest.Type type, long mostSectors, int allowedFlags) {
        long bytes = chain.readableBytes() - HEADER_BYTES;
        if (bytes == 0 || bytes % Ranges.RANGE_BYTES != 0 || bytes > BlockConfig.MAX_RANGES * Ranges.RANGE_BYTES) {
            fail(chain, S_IOERR, type + " with " + bytes + " bytes of ranges");
            return;
        }
        Ranges ranges = Ranges.copy(chain, HEADER_BYTES, (int) bytes / Ranges.RANGE_BYTES);
        if (!ranges.haveOnlyFlags(allowedFlags)) {
            fail(chain, S_UNSUPP, type + " with unknown flags");
        } else if (!ranges.areWithin(storage.sectors(), mostSectors)) {
            fail(chain, S_IOERR, type + " beyond the disk or its limits, " + ranges);
        } else {
            BlockRequest request = request(chain);
            request.begin(type, ranges, now());
            nextRange(request);
        }
    }

    /** One range after another: a storage has one request in flight for a slot. */
    private void nextRange(BlockRequest request) {
        Ranges ranges = request.ranges();
        if (!ranges.hasCurrent()) {
            count(request);
            finish(request.chain(), S_OK, STATUS_BYTES);
        } else if (request.type() == BlockRequest.Type.DISCARD) {
            io.discard(request.slot(), ranges.offset(), ranges.bytes());
        } else if (request.type() == BlockRequest.Type.SECURE_ERASE) {
            io.secureErase(request.slot(), ranges.offset(), ranges.bytes());
        } else {
            io.writeZeroes(
                    request.slot(), ranges.offset(), ranges.bytes(), ranges.mayUnmap(), device.writesThrough(features));
        }
    }

    private BlockRequest request(DescriptorChain chain) {
        int slot = chain.slot();
        if (requests[slot] == null) {
            requests[slot] = new BlockRequest(chain);
        }
        return requests[slot];
    }

    private void completed(int slot, int errno) {
        BlockRequest request = requests[slot];
        DescriptorChain chain = request.chain();
        if (suspending && errno == Errno.ECANCELED) {
            queue.leave(chain);
            return;
        }
        if (errno != 0) {
            if (request.type() == BlockRequest.Type.READ) {
                chain.wrote(request.transfer().bytes());
            }
            stats.errors(request.type()).increment();
            count(request);
            int status = errno == Errno.EOPNOTSUPP ? S_UNSUPP : S_IOERR;
            fail(chain, status, request.describe() + " failed, " + Errno.describe(errno));
            return;
        }
        switch (request.type()) {
            case READ -> {
                stats.readBytes.add(request.transfer().bytes());
                count(request);
                finish(chain, S_OK, request.transfer().bytes() + STATUS_BYTES);
            }
            case WRITE -> {
                stats.writtenBytes.add(request.transfer().bytes());
                count(request);
                finish(chain, S_OK, STATUS_BYTES);
            }
            case FLUSH -> {
                count(request);
                finish(chain, S_OK, STATUS_BYTES);
            }
            case DISCARD, SECURE_ERASE, WRITE_ZEROES -> {
                request.ranges().next();
                if (suspending && request.ranges().hasCurrent()) {
                    queue.leave(chain);
                } else {
                    nextRange(request);
                }
            }
        }
    }

    private long now() {
        return stats.timed ? System.nanoTime() : 0;
    }

    private void count(BlockRequest request) {
        stats.requests(request.type()).increment();
        if (stats.timed) {
            stats.latency.record(System.nanoTime() - request.takenAt());
        }
    }

    private void fail(DescriptorChain chain, int status, String reason) {
        warn(reason);
        finish(chain, status, chain.writableBytes() == STATUS_BYTES ? STATUS_BYTES : 0);
    }

    private void warn(String reason) {
        device.faults().warn(device.name() + " queue " + queue.index(), reason);
    }

    /** The status is the last byte that the device may write, wherever the driver's descriptors put it (§5.2.6.4). */
    private void finish(DescriptorChain chain, int status, long written) {
        try {
            chain.writeLast(status);
        } catch (InternalError e) {
            // The front-end has cut the memory off that the status belongs into; the request is over all the same.
            warn("memory of a request vanished");
        }
        queue.complete(chain, written);
    }

    @Override
    public void close() {
        io.close();
    }
}
