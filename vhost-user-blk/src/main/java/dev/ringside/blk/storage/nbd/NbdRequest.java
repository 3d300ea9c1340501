package dev.ringside.blk.storage.nbd;

import dev.ringside.blk.storage.StorageQueue;
import dev.ringside.blk.storage.Transfer;
import dev.ringside.loop.DeviceLoop;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A request of one slot, cut into commands as the server's limits want it. Reused from request to request. Between
 * {@link #begin} and {@link #complete} it belongs to the loop of the link that works on it.
 */
final class NbdRequest implements Payload {
    /** Data of a WRITE is copied before it is sent, so commands are kept smaller than servers would allow. */
    private static final int MAX_WRITE_BYTES = 1 << 20;
    /** TRIM and WRITE_ZEROES move no data; their length has 32 bits. */
    private static final int MAX_RANGE_BYTES = 1 << 30;

    private final int slot;
    private final DeviceLoop loop;
    private final StorageQueue.Completion completion;
    private final Runnable tell = this::tell;

    /** Of the queue's loop, unlike everything that follows. */
    private boolean inFlight;

    private int type;
    private boolean durable;
    private boolean mayUnmap;
    private long offset;
    private long bytes;
    private @Nullable Transfer transfer;

    private long issued;
    private int outstanding;
    private int errno;
    private boolean flushes;

    /** Whether it stands in one of its link's lists, with commands still to be issued. */
    boolean listed;
    /** When it met the end of a connection for the first time, by {@link System#nanoTime}; 0 if it has not. */
    long lostAt;

    /**
     * A request that can begin.
     *
     * @param loop where its completion is told
     */
    NbdRequest(int slot, DeviceLoop loop, StorageQueue.Completion completion) {
        this.slot = slot;
        this.loop = loop;
        this.completion = completion;
    }

    /**
     * Begins anew.
     *
     * @param type of its commands, as on the wire
     * @param transfer of READ and WRITE
     */
    void begin(int type, long offset, long bytes, @Nullable Transfer transfer, boolean mayUnmap, boolean durable) {
        this.type = type;
        this.offset = offset;
        this.bytes = bytes;
        this.transfer = transfer;
        this.mayUnmap = mayUnmap;
        this.durable = durable;
        issued = 0;
        outstanding = 0;
        errno = 0;
        flushes = type == Nbd.CMD_FLUSH;
        lostAt = 0;
        inFlight = true;
    }

    /** Whether it has begun and its completion has not been told; on the queue's loop. */
    boolean isInFlight() {
        return inFlight;
    }

    /** Why this cannot be asked of this export, as an errno; 0 if it can. */
    int obstacle(Export export) {
        return export.obstacle(type, offset, bytes);
    }

    /** Whether there is nothing to be sent at all: a flush, where the server has nothing to flush. */
    boolean isVoid(Export export) {
        return flushes && !export.has(Nbd.FLAG_SEND_FLUSH);
    }

    /** What must be reserved among the unflushed writes for the next command. */
    int costOfNext(Export export) {
        if (flushes || !isWrite()) {
            return 0;
        }
        return Unflushed.costOf(type == Nbd.CMD_WRITE ? nextBytes(export) : 0);
    }

    private int nextBytes(Export export) {
        long most = switch (type) {
            case Nbd.CMD_READ -> export.maximumPayload();
            case Nbd.CMD_WRITE -> Math.min(export.maximumPayload(), MAX_WRITE_BYTES);
            default -> MAX_RANGE_BYTES;
        };
        return flushes ? 0 : (int) Math.min(most, bytes - issued);
    }

    /** Fills in the next command, which counts as issued from here on. */
    void issue(Command command, Export export) {
        outstanding++;
        if (flushes) {
            command.begin(Nbd.CMD_FLUSH, 0, 0, 0, null, 0, this);
            return;
        }
        int length = nextBytes(export);
        int flags = durable && isWrite() && export.has(Nbd.FLAG_SEND_FUA) ? Nbd.CMD_FLAG_FUA : 0;
        if (type == Nbd.CMD_WRITE_ZEROES && !mayUnmap) {
            flags |= Nbd.CMD_FLAG_NO_HOLE;
        }
        command.begin(type, flags, offset + issued, length, this, issued, this);
        issued += length;
    }

    private boolean isWrite() {
        return type == Nbd.CMD_WRITE || type == Nbd.CMD_WRITE_ZEROES;
    }

    /** Whether no more commands are to be issued, at least until those in flight are answered. */
    boolean isIssued() {
        return errno != 0 || (flushes ? outstanding > 0 : issued == bytes);
    }

    /** Counts the answer to a command. */
    void answered(int with) {
        outstanding--;
        fail(with);
    }

    /** Notes the first error. */
    void fail(int with) {
        if (errno == 0) {
            errno = with;
        }
    }

    /** Whether all commands that were issued are answered, and no more will be. */
    boolean isOver() {
        return outstanding == 0 && (isIssued() || flushes);
    }

    /** Turns into a flush if that is what is left to be done: data is to be durable, and the server knows no FUA. */
    boolean becomeFlush(Export export) {
        if (errno != 0 || flushes || !durable || !isWrite() || export.has(Nbd.FLAG_SEND_FUA)) {
            return false;
        }
        flushes = export.has(Nbd.FLAG_SEND_FLUSH);
        return flushes;
    }

    /** Tells the queue that the request is done or has failed, at once if this is the queue's loop. */
    void complete() {
        if (loop.inLoop()) {
            tell();
        } else {
            loop.execute(tell);
        }
    }

    private void tell() {
        inFlight = false;
        completion.completed(slot, errno);
    }

    @Override
    public void read(long position, MemorySegment to, long toOffset, long count) {
        if (transfer != null) {
            transfer.copyFromGuest(position, to, toOffset, count);
        }
    }

    @Override
    public void write(long position, MemorySegment from, long fromOffset, long count) {
        if (transfer != null) {
            transfer.copyIntoGuest(position, from, fromOffset, count);
        }
    }
}
