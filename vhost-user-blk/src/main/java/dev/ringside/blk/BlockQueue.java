package dev.ringside.blk;

import dev.ringside.device.QueueContext;
import dev.ringside.device.QueueHandler;
import dev.ringside.fault.FaultLog;
import dev.ringside.linux.Errno;
import dev.ringside.loop.AsyncFile;
import dev.ringside.queue.DescriptorChain;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The requests of one queue (virtio 1.2 §5.2.6): parsed from chains, checked, and turned into I/O on the image.
 *
 * <p>A request is reported done only when it is: data that was written is in the image, and durable as well if the
 * driver cannot flush (it did not negotiate FLUSH); a flush covers every write that was reported before it was made.
 */
final class BlockQueue implements QueueHandler {
    private static final Logger LOG = LoggerFactory.getLogger(BlockQueue.class);

    /** struct virtio_blk_req: le32 type, le32 reserved, le64 sector, data, u8 status. */
    private static final int HEADER_BYTES = 16;

    private static final int SECTOR = 8;
    private static final int STATUS_BYTES = 1;

    private static final int T_IN = 0;
    private static final int T_OUT = 1;
    private static final int T_FLUSH = 4;
    private static final int T_GET_ID = 8;

    private static final int S_OK = 0;
    private static final int S_IOERR = 1;
    private static final int S_UNSUPP = 2;

    private final String name;
    private final DiskImage image;
    private final MemorySegment serial;
    private final QueueContext queue;
    private final boolean writeThrough;
    private final AsyncFile file;
    private final BlockRequest[] requests;
    /** Collected with the queue: the kernel may read an iovec until its operation has finished, and all have by then. */
    private final Arena arena = Arena.ofAuto();

    private final FaultLog faults = new FaultLog(LOG);

    /** @param writeThrough whether a write is durable before it is reported done */
    BlockQueue(String name, DiskImage image, byte[] serial, QueueContext queue, boolean writeThrough) {
        this.name = name + " queue " + queue.index();
        this.image = image;
        this.serial = MemorySegment.ofArray(serial);
        this.queue = queue;
        this.writeThrough = writeThrough;
        this.requests = new BlockRequest[queue.size()];
        this.file = queue.loop().file(image.fd(), this::completed);
    }

    @Override
    public void handle(DescriptorChain chain) {
        if (chain.writableBytes() < STATUS_BYTES) {
            faults.warn(name, "request without room for a status");
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
            case T_IN -> transfer(chain, BlockRequest.Stage.READ, 0, sector, chain.writableBytes() - STATUS_BYTES);
            case T_OUT -> write(chain, sector);
            case T_FLUSH -> sync(request(chain));
            case T_GET_ID -> getId(chain);
            default -> fail(chain, S_UNSUPP, "request of unsupported type " + Integer.toUnsignedString(type));
        }
    }

    @Override
    public void reject(DescriptorChain chain) {
        if (chain.endsWritable()) {
            chain.writeLast(S_IOERR);
        }
        queue.complete(chain, 0);
    }

    private void write(DescriptorChain chain, long sector) {
        if (image.isReadOnly()) {
            fail(chain, S_IOERR, "write to a read-only disk");
            return;
        }
        transfer(chain, BlockRequest.Stage.WRITE, HEADER_BYTES, sector, chain.readableBytes() - HEADER_BYTES);
    }

    private void transfer(DescriptorChain chain, BlockRequest.Stage stage, long position, long sector, long bytes) {
        if (bytes % DiskImage.SECTOR_BYTES != 0) {
            fail(chain, S_IOERR, "transfer of " + bytes + " bytes");
            return;
        }
        long sectors = bytes / DiskImage.SECTOR_BYTES;
        if (sector < 0 || sector > image.sectors() - sectors) {
            fail(
                    chain,
                    S_IOERR,
                    "transfer of %d sectors at %s of %d"
                            .formatted(sectors, Long.toUnsignedString(sector), image.sectors()));
            return;
        }
        if (bytes == 0) {
            finish(chain, S_OK, STATUS_BYTES);
            return;
        }
        BlockRequest request = request(chain);
        request.begin(stage, position, sector * DiskImage.SECTOR_BYTES, bytes);
        request.transfer(file);
    }

    private void sync(BlockRequest request) {
        request.becomeSync();
        file.fdatasync(request.chain().slot());
    }

    /** The ID is 20 bytes, without a terminator if it is that long (§5.2.6.2); a shorter buffer gets its beginning. */
    private void getId(DescriptorChain chain) {
        long bytes = Math.min(serial.byteSize(), chain.writableBytes() - STATUS_BYTES);
        chain.write(0, serial, 0, bytes);
        finish(chain, S_OK, bytes + STATUS_BYTES);
    }

    private BlockRequest request(DescriptorChain chain) {
        int slot = chain.slot();
        if (requests[slot] == null) {
            requests[slot] = new BlockRequest(chain, arena);
        }
        return requests[slot];
    }

    private void completed(int slot, int result) {
        BlockRequest request = requests[slot];
        if (result < 0) {
            if (result == -Errno.EINTR) {
                again(request);
            } else {
                failHost(request, Errno.describe(-result));
            }
            return;
        }
        switch (request.stage()) {
            case SYNC -> finish(request.chain(), S_OK, STATUS_BYTES);
            case READ -> {
                if (progress(request, result)) {
                    finish(request.chain(), S_OK, request.bytes() + STATUS_BYTES);
                }
            }
            case WRITE -> {
                if (progress(request, result)) {
                    if (writeThrough) {
                        sync(request);
                    } else {
                        finish(request.chain(), S_OK, STATUS_BYTES);
                    }
                }
            }
        }
    }

    /** Counts a transfer on, and continues a short one. Returns whether all data has been moved. */
    private boolean progress(BlockRequest request, int moved) {
        if (moved == 0) {
            failHost(request, "the image ends before it");
            return false;
        }
        if (request.advance(moved)) {
            return true;
        }
        request.transfer(file);
        return false;
    }

    private void again(BlockRequest request) {
        if (request.stage() == BlockRequest.Stage.SYNC) {
            file.fdatasync(request.chain().slot());
        } else {
            request.transfer(file);
        }
    }

    private void failHost(BlockRequest request, String reason) {
        String what = switch (request.stage()) {
            case READ -> "read of %d bytes at %d".formatted(request.bytes(), request.offset());
            case WRITE -> "write of %d bytes at %d".formatted(request.bytes(), request.offset());
            case SYNC -> "flush";
        };
        fail(request.chain(), S_IOERR, what + " failed, " + reason);
    }

    private void fail(DescriptorChain chain, int status, String reason) {
        faults.warn(name, reason);
        finish(chain, status, chain.writableBytes() == STATUS_BYTES ? STATUS_BYTES : 0);
    }

    /** The status is the last byte that the device may write, wherever the driver's descriptors put it (§5.2.6.4). */
    private void finish(DescriptorChain chain, int status, long written) {
        chain.writeLast(status);
        queue.complete(chain, written);
    }

    @Override
    public void close() {
        file.close(() -> {});
    }
}
