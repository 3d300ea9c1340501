package dev.ringside.vhostuser;

import dev.ringside.channel.Frame;
import dev.ringside.fault.MessageFault;
import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.MemFd;
import dev.ringside.linux.Mmap;
import dev.ringside.memory.GuestAccess;
import dev.ringside.queue.PackedVirtqueue;
import dev.ringside.queue.SplitVirtqueue;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * The memory in which requests in flight are recorded: made here, kept by the front-end, and given back by it to
 * whichever back-end serves the queues next (vhost-user, "Inflight I/O tracking"). Mapped while this object is open.
 */
final class InflightArea implements AutoCloseable {
    /** Behind the queues' regions, where other back-ends do not look: u32 magic, u32 length, the device's state. */
    private static final int STATE_BYTES = 64;

    private static final int STATE_LENGTH = 4;
    private static final int STATE = 8;
    private static final long STATE_MAGIC = 0x64737352;

    private final Message.Inflight description;
    private final boolean packed;
    private final MemorySegment memory;
    /** Behind the last queue's region, if the area is of our making. */
    private final @Nullable MemorySegment state;

    private final Arena arena;
    private final Fd file;

    private InflightArea(
            Message.Inflight description,
            boolean packed,
            MemorySegment memory,
            @Nullable MemorySegment state,
            Arena arena,
            Fd file) {
        this.description = description;
        this.packed = packed;
        this.memory = memory;
        this.state = state;
        this.arena = arena;
        this.file = file;
    }

    /**
     * Makes an area in which nothing is recorded yet.
     *
     * @param wanted numbers of queues and of descriptors, from the front-end
     * @param packed the rings' format
     * @param maxQueues that a device has
     */
    static Reply.Inflight create(Message.Inflight wanted, boolean packed, int maxQueues) throws MessageFault {
        check(wanted, maxQueues);
        long size = stride(packed, wanted.queueSize()) * wanted.numQueues() + STATE_BYTES;
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
    static InflightArea map(Message.Inflight area, Fd fd, boolean packed, int maxQueues) throws MessageFault {
        check(area, maxQueues);
        long needed = stride(packed, area.queueSize()) * (area.numQueues() - 1) + bytes(packed, area.queueSize());
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
            long all = stride(packed, area.queueSize()) * area.numQueues() + STATE_BYTES;
            boolean hasState = area.size() >= all && fileSize - area.offset() >= all;
            MemorySegment memory = Mmap.shared(fd, area.offset(), hasState ? all : needed, arena);
            MemorySegment state = hasState ? memory.asSlice(all - STATE_BYTES) : null;
            return new InflightArea(area, packed, memory, state, arena, fd.duplicate());
        } catch (LinuxException e) {
            arena.close();
            throw new MessageFault("in-flight area cannot be mapped: " + e.getMessage());
        } catch (MessageFault e) {
            arena.close();
            throw e;
        }
    }

    private static long bytes(boolean packed, int queueSize) {
        return packed ? PackedVirtqueue.inflightBytes(queueSize) : SplitVirtqueue.inflightBytes(queueSize);
    }

    private static long stride(boolean packed, int queueSize) {
        return packed ? PackedVirtqueue.inflightStride(queueSize) : SplitVirtqueue.inflightStride(queueSize);
    }

    private static void check(Message.Inflight area, int maxQueues) throws MessageFault {
        if (area.numQueues() < 1
                || area.numQueues() > maxQueues
                || area.queueSize() < 1
                || area.queueSize() > SplitVirtqueue.MAX_SIZE) {
            throw new MessageFault("in-flight area for %d queues of %d".formatted(area.numQueues(), area.queueSize()));
        }
    }

    /** What the device has kept here, or {@code null} if it has not. */
    byte @Nullable [] state() {
        if (state == null || GuestAccess.u32(state, 0) != STATE_MAGIC) {
            return null;
        }
        int bytes = (int) Math.min(GuestAccess.u32(state, STATE_LENGTH), STATE_BYTES - STATE);
        return state.asSlice(STATE, bytes).toArray(ValueLayout.JAVA_BYTE);
    }

    /** Keeps what a driver has set by other ways than its queues, for whichever back-end serves it next. */
    void keepState(byte[] bytes) {
        if (state != null && bytes.length <= STATE_BYTES - STATE) {
            MemorySegment.copy(bytes, 0, state, ValueLayout.JAVA_BYTE, STATE, bytes.length);
            GuestAccess.putU32(state, STATE_LENGTH, bytes.length);
            GuestAccess.putU32(state, 0, STATE_MAGIC);
        }
    }

    /** The message that brought it. */
    Frame retell() {
        return Words.inflight(description, file);
    }

    /** The record of one queue, or {@code null} if the area has none for it. */
    @Nullable
    MemorySegment ofQueue(int index) {
        if (index >= description.numQueues()) {
            return null;
        }
        int size = description.queueSize();
        return memory.asSlice(stride(packed, size) * index, bytes(packed, size));
    }

    /** The rings' format that the area is laid out for. */
    boolean isPacked() {
        return packed;
    }

    /**
     * The front-end is told where a queue is to go on. A record that says no more than that would only outlive its ring.
     */
    void stopped(int index, int base) {
        MemorySegment record = ofQueue(index);
        if (packed && record != null && !PackedVirtqueue.isInFlight(base)) {
            PackedVirtqueue.forgetInflight(record);
        }
    }

    /** Unmaps the area; no queue runs. */
    @Override
    public void close() {
        arena.close();
        file.close();
    }
}
