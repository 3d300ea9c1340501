package dev.ringside.blk.storage;

import dev.ringside.linux.VectorIo;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A thread that writes to the page cache of a file system that cannot promise not to wait (ext4 is one). io_uring would
 * hand each such write to a worker thread of the kernel, one at a time for a regular file: as much waiting, and several
 * switches for each write. Here writes pass by the batch, and a loop never waits for a journal or for memory.
 */
final class CacheWriter implements AutoCloseable {
    private final String name;
    private final List<WriteLane> lanes = new CopyOnWriteArrayList<>();
    private @Nullable Thread thread;
    /** The thread waits, or is about to, and wants to be told of work. */
    private volatile boolean idle;

    private volatile boolean closed;

    CacheWriter(String name) {
        this.name = name;
    }

    synchronized void add(WriteLane lane) {
        lanes.add(lane);
        if (thread == null) {
            thread = Thread.ofPlatform().daemon().name(name).start(this::run);
        }
    }

    void remove(WriteLane lane) {
        lanes.remove(lane);
    }

    /** There is work. From any loop. */
    void wake() {
        VarHandle.fullFence();
        if (idle) {
            idle = false;
            LockSupport.unpark(thread);
        }
    }

    private void run() {
        VectorIo io = new VectorIo();
        while (!closed) {
            boolean worked = false;
            for (WriteLane lane : lanes) {
                worked |= lane.write(io);
            }
            if (!worked) {
                idle = true;
                VarHandle.fullFence();
                if (lanes.stream().noneMatch(WriteLane::hasWork) && !closed) {
                    LockSupport.park(this);
                }
                idle = false;
            }
        }
    }

    /** Ends the thread; there are no lanes left. */
    @Override
    public void close() {
        closed = true;
        Thread ending = thread;
        if (ending != null) {
            LockSupport.unpark(ending);
        }
    }
}
