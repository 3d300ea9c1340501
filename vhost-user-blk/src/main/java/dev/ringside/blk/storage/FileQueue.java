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
import org.jspecify.annotations.Nullable;

/**
 * One queue's I/O on a file or block device.
 *
 * <p>With O_DIRECT, requests that are not aligned as it wants (firmware reads single sectors, and guests put buffers
 * where they like) go through the page cache instead: Linux keeps the two views of a file coherent, which saves bounce
 * buffers and read-modify-write here.
 */
final class FileQueue implements StorageQueue {
    /** Segments that go into one operation; a transfer with more takes several. */
    private static final int IOVEC_ENTRIES = 128;

    private static final int IOV_LEN = 8;

    /** Zeroes written at a time where the file system cannot zero a range by itself. */
    private static final int ZEROES_BYTES = 1 << 20;

    private final AsyncFile buffered;
    private final @Nullable AsyncFile direct;
    private final DirectIo alignment;
    private final Completion completion;
    /** Collected with the queue: the kernel reads an iovec only while its operation is in flight. */
    private final Arena arena = Arena.ofAuto();

    private Operation[] operations = new Operation[0];
    private @Nullable MemorySegment zeroes;

    FileQueue(DeviceLoop loop, Fd buffered, @Nullable Fd direct, DirectIo alignment, Completion completion) {
        this.buffered = loop.file(buffered, this::completed);
        this.direct = direct == null ? null : loop.file(direct, this::completed);
        this.alignment = alignment;
        this.completion = completion;
    }

    /** What a slot is doing. */
    private enum Kind {
        TRANSFER,
        SINGLE,
        ZERO_RANGE,
        ZEROES,
        SYNC_AFTER_ZERO_RANGE
    }

    /** The state of one slot, reused from request to request. */
    private static final class Operation {
        final MemorySegment iovec;
        Kind kind = Kind.SINGLE;

        @Nullable
        Transfer transfer;

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
                operations[i] = new Operation(arena.allocate((long) IOVEC_ENTRIES * DescriptorChain.IOVEC_BYTES, 8));
            }
        }
        Operation operation = operations[slot];
        operation.kind = kind;
        return operation;
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
        Operation operation = operation(transfer.slot(), Kind.TRANSFER);
        operation.transfer = transfer;
        operation.durable = durable;
        move(operation, transfer);
    }

    /** Starts the next part of a transfer: all that is left, or as much as one operation takes. */
    private void move(Operation operation, Transfer transfer) {
        MemorySegment iovec = operation.iovec;
        int needed = transfer.remainingIovec(iovec);
        int count = Math.min(needed, IOVEC_ENTRIES);
        AsyncFile file = fileFor(transfer, iovec, count);
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

    private AsyncFile fileFor(Transfer transfer, MemorySegment iovec, int count) {
        if (direct == null) {
            return buffered;
        }
        long memory = 0;
        long lengths = 0;
        for (int i = 0; i < count; i++) {
            long entry = (long) i * DescriptorChain.IOVEC_BYTES;
            memory |= iovec.get(ValueLayout.JAVA_LONG, entry);
            lengths |= iovec.get(ValueLayout.JAVA_LONG, entry + IOV_LEN);
        }
        boolean aligned = ((memory | lengths) & (alignment.memoryAlignment() - 1)) == 0
                && ((transfer.nextOffset() | lengths) & (alignment.offsetAlignment() - 1)) == 0;
        return aligned ? direct : buffered;
    }

    @Override
    public void flush(int slot) {
        operation(slot, Kind.SINGLE);
        buffered.fdatasync(slot);
    }

    @Override
    public void discard(int slot, long offset, long bytes) {
        operation(slot, Kind.SINGLE);
        buffered.fallocate(slot, HostFile.FALLOC_FL_PUNCH_HOLE | HostFile.FALLOC_FL_KEEP_SIZE, offset, bytes);
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
            zeroes = arena.allocate(ZEROES_BYTES, FILE_ALIGNMENT);
        }
        operation.kind = Kind.ZEROES;
        int bytes = (int) Math.min(operation.bytes, ZEROES_BYTES);
        buffered.write(slot, zeroes.address(), bytes, operation.offset, operation.durable);
    }

    private static final int FILE_ALIGNMENT = 4096;

    private void completed(int slot, int result) {
        Operation operation = operations[slot];
        Transfer transfer = operation.transfer;
        if (result < 0) {
            failed(slot, operation, -result);
        } else if (operation.kind == Kind.TRANSFER && transfer != null) {
            moved(slot, operation, transfer, result);
        } else if (operation.kind == Kind.ZEROES) {
            zeroed(slot, operation, result);
        } else if (operation.kind == Kind.ZERO_RANGE && operation.durable) {
            operation.kind = Kind.SYNC_AFTER_ZERO_RANGE;
            buffered.fdatasync(slot);
        } else {
            completion.completed(slot, 0);
        }
    }

    private void moved(int slot, Operation operation, Transfer transfer, int bytes) {
        if (bytes == 0) {
            // The file ends before the range does: somebody has cut it.
            completion.completed(slot, Errno.EIO);
            return;
        }
        transfer.advance(bytes);
        if (transfer.remaining() > 0) {
            move(operation, transfer);
        } else {
            operation.transfer = null;
            completion.completed(slot, 0);
        }
    }

    private void zeroed(int slot, Operation operation, int bytes) {
        operation.offset += bytes;
        operation.bytes -= bytes;
        if (bytes == 0) {
            completion.completed(slot, Errno.EIO);
        } else if (operation.bytes > 0) {
            writeSomeZeroes(slot, operation);
        } else {
            completion.completed(slot, 0);
        }
    }

    private void failed(int slot, Operation operation, int errno) {
        Transfer transfer = operation.transfer;
        if (errno == Errno.EINTR && operation.kind == Kind.TRANSFER && transfer != null) {
            move(operation, transfer);
        } else if (errno == Errno.EOPNOTSUPP && operation.kind == Kind.ZERO_RANGE) {
            writeSomeZeroes(slot, operation);
        } else {
            operation.transfer = null;
            completion.completed(slot, errno);
        }
    }

    @Override
    public void close() {
        buffered.close(() -> {});
        if (direct != null) {
            direct.close(() -> {});
        }
    }
}
