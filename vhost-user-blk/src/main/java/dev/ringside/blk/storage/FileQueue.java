package dev.ringside.blk.storage;

import dev.ringside.linux.DirectIo;
import dev.ringside.linux.Errno;
import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import dev.ringside.loop.AsyncFile;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.queue.DescriptorChain;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One queue's I/O on a file or block device.
 *
 * <p>O_DIRECT wants buffers, offsets and lengths aligned, and guests put things where they like. Segments that are not
 * aligned are replaced by a buffer of ours, a piece at a time. A range that is not (firmware reads single sectors of a
 * disk whose blocks are larger) goes through the page cache, which knows how to change part of a block. Linux keeps both
 * views of a file coherent only as long as they do not touch one page at the same time, and says so with EIO at the next
 * flush if they did; where that detour is taken, a block is a page.
 */
final class FileQueue implements StorageQueue {
    /** Segments that go into one operation; a transfer with more takes several. */
    private static final int MAX_IOVEC_ENTRIES = 128;

    /** What a slot has from the beginning; most requests need no more. */
    private static final int FIRST_IOVEC_ENTRIES = 8;

    private static final int IOV_LEN = 8;
    private static final int PAGE_BYTES = 4096;

    /** Moved at a time where the guest's buffer is not aligned. */
    private static final int BOUNCE_BYTES = 256 << 10;

    /** Zeroes written at a time where the file system cannot zero a range by itself. */
    private static final int ZEROES_BYTES = 1 << 20;

    private final FileStorage storage;
    private final AsyncFile buffered;
    private final @Nullable AsyncFile direct;
    private final PageCache pageCache;
    private final DirectIo alignment;
    private final Completion completion;
    /** Collected with the queue: the kernel reads an iovec only while its operation is in flight. */
    private final Arena arena = Arena.ofAuto();

    private Operation[] operations = new Operation[0];
    private @Nullable MemorySegment zeroes;
    private boolean suspended;

    FileQueue(FileStorage storage, DeviceLoop loop, Completion completion) {
        Fd directFd = storage.direct();
        this.storage = storage;
        this.buffered = loop.file(storage.buffered(), this::completed);
        this.direct = directFd == null ? null : loop.file(directFd, this::completed);
        this.pageCache = new PageCache(loop, storage.buffered().value());
        this.alignment = storage.alignment();
        this.completion = completion;
    }

    /** What a slot is doing. */
    private enum Kind {
        NOTHING,
        TRANSFER,
        FLUSH,
        DISCARD,
        SECURE_ERASE,
        ZERO_RANGE,
        ZEROES,
        SYNC_AFTER_ZERO_RANGE
    }

    /** The state of one slot, reused from request to request. */
    private static final class Operation {
        MemorySegment iovec;
        Kind kind = Kind.NOTHING;

        @Nullable
        Transfer transfer;
        /** Where the data goes by way of, if not straight; kept by the slot. */
        @Nullable
        MemorySegment bounce;

        boolean bouncing;
        boolean durable;
        long offset;
        long bytes;

        Operation(MemorySegment iovec) {
            this.iovec = iovec;
        }
    }

    private Operation operation(int slot, Kind kind) {
        if (slot >= operations.length) {
            int before = operations.length;
            operations = Arrays.copyOf(operations, slot + 64);
            for (int i = before; i < operations.length; i++) {
                operations[i] = new Operation(iovec(FIRST_IOVEC_ENTRIES));
            }
        }
        Operation operation = operations[slot];
        operation.kind = kind;
        return operation;
    }

    private MemorySegment iovec(int entries) {
        return arena.allocate((long) entries * DescriptorChain.IOVEC_BYTES, 8);
    }

    @Override
    public boolean isInFlight(int slot) {
        return slot < operations.length && operations[slot].kind != Kind.NOTHING;
    }

    @Override
    public void read(Transfer transfer) {
        begin(transfer, false);
    }

    @Override
    public void write(Transfer transfer, boolean durable) {
        begin(transfer, durable);
    }

    private void begin(Transfer transfer, boolean durable) {
        Operation operation = operation(transfer.slot(), Kind.NOTHING);
        operation.transfer = transfer;
        operation.durable = durable;
        move(operation, transfer);
    }

    /** Starts the next part of a transfer: all that is left, or as much as one operation takes. */
    private void move(Operation operation, Transfer transfer) {
        int count = transfer.remainingIovec(operation.iovec);
        if (count == FIRST_IOVEC_ENTRIES && operation.iovec.byteSize() < MAX_IOVEC_ENTRIES * 16L) {
            operation.iovec = iovec(MAX_IOVEC_ENTRIES);
            count = transfer.remainingIovec(operation.iovec);
        }
        operation.bouncing = false;
        operation.kind = Kind.TRANSFER;
        if (direct == null || !isAligned(transfer.nextOffset() | transfer.remaining())) {
            throughPageCache(operation, transfer, count);
            return;
        }
        if (!areSegmentsAligned(operation.iovec, count)) {
            bounce(operation, transfer);
            count = 1;
        }
        start(direct, operation, transfer, count);
    }

    private void throughPageCache(Operation operation, Transfer transfer, int count) {
        int slot = transfer.slot();
        long iovec = operation.iovec.address();
        long offset = transfer.nextOffset();
        int now = PageCache.WOULD_WAIT;
        if (transfer.isIntoGuest()) {
            now = pageCache.read(iovec, count, offset);
        } else if (!operation.durable) { // one that has to be durable has to wait anyway
            now = pageCache.write(iovec, count, offset);
        }
        if (now == PageCache.WOULD_WAIT) {
            start(buffered, operation, transfer, count);
        } else {
            moved(slot, operation, now);
        }
    }

    private void start(AsyncFile file, Operation operation, Transfer transfer, int count) {
        MemorySegment iovec = operation.iovec;
        int slot = transfer.slot();
        long offset = transfer.nextOffset();
        if (count == 1) {
            long address = iovec.get(ValueLayout.JAVA_LONG, 0);
            int bytes = (int) Math.min(iovec.get(ValueLayout.JAVA_LONG, IOV_LEN), AsyncFile.MAX_BYTES);
            if (transfer.isIntoGuest()) {
                file.read(slot, address, bytes, offset);
            } else {
                file.write(slot, address, bytes, offset, operation.durable);
            }
        } else if (transfer.isIntoGuest()) {
            file.readv(slot, iovec.address(), count, offset);
        } else {
            file.writev(slot, iovec.address(), count, offset, operation.durable);
        }
    }

    private boolean isAligned(long offsetsAndLengths) {
        return (offsetsAndLengths & (alignment.offsetAlignment() - 1)) == 0;
    }

    private boolean areSegmentsAligned(MemorySegment iovec, int count) {
        long addresses = 0;
        long lengths = 0;
        for (int i = 0; i < count; i++) {
            long entry = (long) i * DescriptorChain.IOVEC_BYTES;
            addresses |= iovec.get(ValueLayout.JAVA_LONG, entry);
            lengths |= iovec.get(ValueLayout.JAVA_LONG, entry + IOV_LEN);
        }
        return (addresses & (alignment.memoryAlignment() - 1)) == 0 && isAligned(lengths);
    }

    private void bounce(Operation operation, Transfer transfer) {
        MemorySegment bounce = operation.bounce;
        if (bounce == null) {
            bounce = arena.allocate(BOUNCE_BYTES, Math.max(PAGE_BYTES, alignment.memoryAlignment()));
            operation.bounce = bounce;
        }
        long bytes = Math.min(transfer.remaining(), BOUNCE_BYTES);
        if (!transfer.isIntoGuest()) {
            transfer.copyFromGuest(transfer.done(), bounce, 0, bytes);
        }
        operation.bouncing = true;
        operation.iovec.set(ValueLayout.JAVA_LONG, 0, bounce.address());
        operation.iovec.set(ValueLayout.JAVA_LONG, IOV_LEN, bytes);
    }

    @Override
    public void flush(int slot) {
        int lost = storage.lostWrites();
        if (lost != 0) {
            completion.completed(slot, lost);
            return;
        }
        operation(slot, Kind.FLUSH);
        buffered.fdatasync(slot);
    }

    @Override
    public void discard(int slot, long offset, long bytes) {
        if (!storage.isBlockDevice()) {
            operation(slot, Kind.DISCARD);
            buffered.fallocate(slot, HostFile.FALLOC_FL_PUNCH_HOLE | HostFile.FALLOC_FL_KEEP_SIZE, offset, bytes);
            return;
        }
        // A discard is advice: what is no whole block stays.
        long mask = storage.logicalBlockBytes() - 1L;
        long begin = (offset + mask) & ~mask;
        long end = (offset + bytes) & ~mask;
        if (begin >= end) {
            completion.completed(slot, 0);
        } else {
            operation(slot, Kind.DISCARD);
            buffered.discard(slot, begin, end - begin);
        }
    }

    @Override
    public void secureErase(int slot, long offset, long bytes) {
        operation(slot, Kind.SECURE_ERASE);
        buffered.secureErase(slot, offset, bytes);
    }

    @Override
    public void writeZeroes(int slot, long offset, long bytes, boolean mayUnmap, boolean durable) {
        Operation operation = operation(slot, Kind.ZERO_RANGE);
        operation.offset = offset;
        operation.bytes = bytes;
        operation.durable = durable;
        int how = mayUnmap ? HostFile.FALLOC_FL_PUNCH_HOLE : HostFile.FALLOC_FL_ZERO_RANGE;
        buffered.fallocate(slot, how | HostFile.FALLOC_FL_KEEP_SIZE, offset, bytes);
    }

    private void writeSomeZeroes(int slot, Operation operation) {
        if (zeroes == null) {
            zeroes = arena.allocate(ZEROES_BYTES, PAGE_BYTES);
        }
        operation.kind = Kind.ZEROES;
        int bytes = (int) Math.min(operation.bytes, ZEROES_BYTES);
        AsyncFile file = direct != null && isAligned(operation.offset | bytes) ? direct : buffered;
        file.write(slot, zeroes.address(), bytes, operation.offset, operation.durable);
    }

    private void completed(int slot, int result) {
        Operation operation = operations[slot];
        if (result < 0) {
            failed(slot, operation, -result);
            return;
        }
        switch (operation.kind) {
            case TRANSFER -> moved(slot, operation, result);
            case ZEROES -> zeroed(slot, operation, result);
            case ZERO_RANGE -> {
                if (operation.durable) {
                    operation.kind = Kind.SYNC_AFTER_ZERO_RANGE;
                    buffered.fdatasync(slot);
                } else {
                    finish(slot, operation, 0);
                }
            }
            default -> finish(slot, operation, 0);
        }
    }

    private void finish(int slot, Operation operation, int errno) {
        operation.kind = Kind.NOTHING;
        operation.transfer = null;
        completion.completed(slot, errno);
    }

    private void moved(int slot, Operation operation, int bytes) {
        Transfer transfer = Objects.requireNonNull(operation.transfer);
        if (bytes == 0) {
            // The file ends before the range does: somebody has cut it.
            finish(slot, operation, Errno.EIO);
            return;
        }
        try {
            if (operation.bouncing && transfer.isIntoGuest()) {
                transfer.copyIntoGuest(transfer.done(), Objects.requireNonNull(operation.bounce), 0, bytes);
            }
            transfer.advance(bytes);
            if (transfer.remaining() > 0) {
                goOn(slot, operation, transfer);
                return;
            }
        } catch (InternalError e) {
            // The guest's memory is gone.
            finish(slot, operation, Errno.EFAULT);
            return;
        }
        finish(slot, operation, 0);
    }

    private void goOn(int slot, Operation operation, Transfer transfer) {
        if (suspended) {
            finish(slot, operation, Errno.ECANCELED);
        } else {
            move(operation, transfer);
        }
    }

    private void zeroed(int slot, Operation operation, int bytes) {
        operation.offset += bytes;
        operation.bytes -= bytes;
        if (bytes == 0) {
            finish(slot, operation, Errno.EIO);
        } else if (operation.bytes > 0 && suspended) {
            finish(slot, operation, Errno.ECANCELED);
        } else if (operation.bytes > 0) {
            writeSomeZeroes(slot, operation);
        } else {
            finish(slot, operation, 0);
        }
    }

    private void failed(int slot, Operation operation, int errno) {
        if (errno == Errno.EINTR && operation.transfer != null) {
            goOn(slot, operation, operation.transfer);
        } else if (operation.kind == Kind.ZERO_RANGE && (errno == Errno.EOPNOTSUPP || errno == Errno.EINVAL)) {
            // EINVAL: a block device of larger blocks than the guest's.
            writeSomeZeroes(slot, operation);
        } else {
            if (operation.kind == Kind.FLUSH || operation.kind == Kind.SYNC_AFTER_ZERO_RANGE || operation.durable) {
                storage.flushFailed(errno);
            }
            finish(slot, operation, errno);
        }
    }

    @Override
    public void suspend() {
        suspended = true;
    }

    @Override
    public void close() {
        buffered.close(() -> {});
        if (direct != null) {
            direct.close(() -> {});
        }
    }
}
