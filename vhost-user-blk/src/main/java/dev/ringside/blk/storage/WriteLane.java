package dev.ringside.blk.storage;

import dev.ringside.linux.Errno;
import dev.ringside.linux.VectorIo;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Pollable;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * One queue's writes on their way to a {@link CacheWriter} and back: a ring that the queue's loop fills and empties, and
 * the writer walks through between.
 *
 * <pre>
 *   reaped ... results ... written ... to be written ... offered     (free-running, one writer each)
 *     loop                  writer                         loop
 * </pre>
 *
 * <p>The loop polls for results while it is awake. Before it sleeps it says so, and is woken at the next one.
 */
final class WriteLane implements Pollable {
    /** Writes in flight; more than these go another way. A power of two. */
    private static final int SIZE = 256;

    private static final VarHandle OFFERED = index("offered");
    private static final VarHandle WRITTEN = index("written");

    private final DeviceLoop loop;
    private final CacheWriter writer;
    private final int fd;
    private final StorageQueue.Completion completion;

    private final int[] slot = new int[SIZE];
    private final long[] iovec = new long[SIZE];
    private final int[] count = new int[SIZE];
    private final long[] offset = new long[SIZE];
    private final int[] result = new int[SIZE];

    private final Runnable hand = this::handOver;

    private int offered;
    private int written;
    /** What follows is the loop's alone: where the next offer goes, not handed over yet; what it has taken back. */
    private int filled;

    private int reaped;
    private boolean active;
    /** The loop waits to be woken. */
    private volatile boolean asleep;

    private volatile boolean cancelled;

    /** The loop's thread makes a lane; results go to {@code completion} with bytes written or the negative errno. */
    WriteLane(DeviceLoop loop, CacheWriter writer, int fd, StorageQueue.Completion completion) {
        this.loop = loop;
        this.writer = writer;
        this.fd = fd;
        this.completion = completion;
        loop.attach(this);
        writer.add(this);
    }

    private static VarHandle index(String name) {
        try {
            return MethodHandles.lookup().findVarHandle(WriteLane.class, name, int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /**
     * Has something written. On the loop.
     *
     * @param iovecAddress of {@code entries} struct iovec, which stay valid until the completion, as their buffers do
     * @return {@code false} if the lane is full, and nothing is done
     */
    boolean offer(int forSlot, long iovecAddress, int entries, long at) {
        if (filled - reaped == SIZE) {
            return false;
        }
        if (filled == offered) {
            loop.atEndOfTurn(hand);
        }
        int i = filled++ & (SIZE - 1);
        slot[i] = forSlot;
        iovec[i] = iovecAddress;
        count[i] = entries;
        offset[i] = at;
        return true;
    }

    /** All of a turn at once: the writer may run on this processor, and each wake-up may mean a switch. */
    private void handOver() {
        OFFERED.setRelease(this, filled);
        writer.wake();
        wake();
    }

    /** Writes what has been offered. On the writer's thread. Returns whether there was anything. */
    boolean write(VectorIo io) {
        int at = written;
        int end = (int) OFFERED.getAcquire(this);
        if (at == end) {
            return false;
        }
        for (; at != end; at++) {
            int i = at & (SIZE - 1);
            result[i] = cancelled ? -Errno.ECANCELED : io.pwritev(fd, iovec[i], count[i], offset[i], 0);
            WRITTEN.setRelease(this, at + 1);
            // The loop says that it sleeps, then looks once more; we the other way round.
            VarHandle.fullFence();
            if (asleep) {
                asleep = false;
                loop.execute(this::wake);
            }
        }
        return true;
    }

    /** What has not been begun is not written: it results in -ECANCELED. On the loop. */
    void cancel() {
        cancelled = true;
    }

    boolean hasWork() {
        return written != (int) OFFERED.getAcquire(this);
    }

    @Override
    public boolean poll() {
        int end = (int) WRITTEN.getAcquire(this);
        boolean any = reaped != end;
        while (reaped != end) {
            int i = reaped++ & (SIZE - 1);
            completion.completed(slot[i], result[i]);
        }
        return any;
    }

    @Override
    public void wake() {
        if (!active) {
            active = true;
            loop.activate(this);
        }
    }

    @Override
    public boolean arm() {
        if (reaped != filled) {
            asleep = true;
            VarHandle.fullFence();
            if (reaped != (int) WRITTEN.getAcquire(this)) {
                asleep = false;
                return false;
            }
        }
        active = false;
        return true;
    }

    /** Ends the lane's use; nothing is in flight. On the loop. */
    void close() {
        writer.remove(this);
        loop.detach(this);
    }
}
