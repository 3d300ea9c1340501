package dev.ringside.vhostuser;

import dev.ringside.fault.MessageFault;
import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.MemFd;
import dev.ringside.linux.Mmap;
import dev.ringside.queue.SplitVirtqueue;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The memory in which requests in flight are recorded: made here, kept by the front-end, and given back by it to
 * whichever back-end serves the queues next (vhost-user, "Inflight I/O tracking"). Mapped while this object is open.
 */
final class InflightArea implements AutoCloseable {
    private final Message.Inflight description;
    private final MemorySegment memory;
    private final Arena arena;

    private InflightArea(Message.Inflight description, MemorySegment memory, Arena arena) {
        this.description = description;
        this.memory = memory;
        this.arena = arena;
    }

    /**
     * Makes an area in which nothing is recorded yet.
     *
     * @param wanted numbers of queues and of descriptors, from the front-end
     * @param maxQueues that a device has
     */
    static Reply.Inflight create(Message.Inflight wanted, int maxQueues) throws MessageFault {
        check(wanted, maxQueues);
        long size = SplitVirtqueue.inflightStride(wanted.queueSize()) * wanted.numQueues();
        try {
            return new Reply.Inflight(
                    new Message.Inflight(size, 0, wanted.numQueues(), wanted.queueSize(), wanted.padded()),
                    MemFd.create("ringside-inflight", size));
        } catch (LinuxException e) {
            throw new MessageFault("GET_INFLIGHT_FD: " + e.getMessage());
        }
    }

    /**
     * Maps an area, of this back-end's making or of another's.
     *
     * @param area from the front-end, as is its file
     * @param fd borrowed, and no longer needed afterwards
     */
    @SuppressWarnings("MustBeClosedChecker") // the area owns the arena
    static InflightArea map(Message.Inflight area, Fd fd, int maxQueues) throws MessageFault {
        check(area, maxQueues);
        long needed = SplitVirtqueue.inflightStride(area.queueSize()) * (area.numQueues() - 1)
                + SplitVirtqueue.inflightBytes(area.queueSize());
        if (area.size() < needed || area.offset() < 0 || area.offset() % Long.BYTES != 0) {
            throw new MessageFault("in-flight area of %#x bytes at offset %#x, %#x are needed"
                    .formatted(area.size(), area.offset(), needed));
        }
        Arena arena = Arena.ofShared();
        try {
            long fileSize = HostFile.size(fd);
            if (area.offset() > fileSize - needed) {
                throw new MessageFault("in-flight area ends behind its file's %#x bytes".formatted(fileSize));
            }
            return new InflightArea(area, Mmap.shared(fd, area.offset(), needed, arena), arena);
        } catch (LinuxException e) {
            arena.close();
            throw new MessageFault("in-flight area cannot be mapped: " + e.getMessage());
        } catch (MessageFault e) {
            arena.close();
            throw e;
        }
    }

    private static void check(Message.Inflight area, int maxQueues) throws MessageFault {
        if (area.numQueues() < 1
                || area.numQueues() > maxQueues
                || area.queueSize() < 1
                || area.queueSize() > SplitVirtqueue.MAX_SIZE) {
            throw new MessageFault("in-flight area for %d queues of %d".formatted(area.numQueues(), area.queueSize()));
        }
    }

    /** The record of one queue, or {@code null} if the area has none for it. */
    @Nullable
    MemorySegment ofQueue(int index) {
        if (index >= description.numQueues()) {
            return null;
        }
        int size = description.queueSize();
        return memory.asSlice(SplitVirtqueue.inflightStride(size) * index, SplitVirtqueue.inflightBytes(size));
    }

    /** Unmaps the area; no queue runs. */
    @Override
    public void close() {
        arena.close();
    }
}
