package dev.ringside.net;

import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import dev.ringside.linux.MemFd;
import dev.ringside.memory.GuestMemory;
import dev.ringside.memory.MemoryRegion;
import dev.ringside.queue.VringAddress;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.List;

/** A driver's side of one split ring in memory of its own, for tests: chains in, used elements out. */
final class DriverRing implements AutoCloseable {
    /** Descriptors of a ring, unless another size is asked for. */
    static final int SIZE = 16;

    static final int MAX_SIZE = 256;
    private static final int MEMORY_BYTES = 4 << 20;
    private static final long DESC = 0x1000;
    private static final long AVAIL = 0x2000;
    private static final long USED = 0x3000;
    private static final int F_NEXT = 1;
    private static final int F_WRITE = 2;

    final Fd kick;
    final Fd call;
    final GuestMemory guest;
    final int size;
    private final Fd file;
    private final MemorySegment memory;
    private long nextBuffer = 0x10000;
    private int nextDescriptor;
    private int availIdx;
    private int seen;

    /** @param size a power of two, {@link #MAX_SIZE} at most */
    DriverRing(int size) throws Exception {
        this.size = size;
        kick = EventFd.create();
        call = EventFd.create();
        file = MemFd.create("driver", MEMORY_BYTES);
        MemoryRegion region = MemoryRegion.map(file, 0, 0, MEMORY_BYTES, 0);
        guest = GuestMemory.of(List.of(region));
        memory = region.memory();
    }

    /** Takes the memory of all buffers away from the device; that of the ring stays. */
    void truncateBuffers() throws Exception {
        HostFile.truncate(file, 0x10000);
    }

    VringAddress address() {
        return new VringAddress(DESC, AVAIL, USED);
    }

    /** A buffer, in the order of its chain. */
    record Buffer(long address, int bytes, boolean writable) {}

    Buffer readable(byte... bytes) {
        Buffer buffer = buffer(bytes.length, false);
        MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, buffer.address(), bytes.length);
        return buffer;
    }

    Buffer writable(int bytes) {
        return buffer(bytes, true);
    }

    private Buffer buffer(int bytes, boolean writable) {
        Buffer buffer = new Buffer(nextBuffer, bytes, writable);
        nextBuffer += (bytes + 15L) & ~15L;
        return buffer;
    }

    /** Makes a chain available; the device is not kicked. Returns its head. */
    int add(Buffer... buffers) {
        int head = nextDescriptor % size;
        for (int i = 0; i < buffers.length; i++) {
            long at = DESC + 16L * (nextDescriptor % size);
            boolean last = i == buffers.length - 1;
            memory.set(ValueLayout.JAVA_LONG, at, buffers[i].address());
            memory.set(ValueLayout.JAVA_INT, at + 8, buffers[i].bytes());
            int flags = (last ? 0 : F_NEXT) | (buffers[i].writable() ? F_WRITE : 0);
            memory.set(ValueLayout.JAVA_SHORT, at + 12, (short) flags);
            memory.set(ValueLayout.JAVA_SHORT, at + 14, (short) ((nextDescriptor + 1) % size));
            nextDescriptor++;
        }
        memory.set(ValueLayout.JAVA_SHORT, AVAIL + 4 + 2L * (availIdx % size), (short) head);
        availIdx++;
        VarHandle.fullFence();
        memory.set(ValueLayout.JAVA_SHORT, AVAIL + 2, (short) availIdx);
        return head;
    }

    void kick() {
        EventFd.signal(kick);
    }

    int usedCount() {
        VarHandle.fullFence();
        return (memory.get(ValueLayout.JAVA_SHORT, USED + 2) & 0xffff) - seen;
    }

    /** The length of the next used element, when there is one. */
    int awaitUsed() throws InterruptedException {
        return memory.get(ValueLayout.JAVA_INT, awaitElement() + 4);
    }

    /** The head of the next used element, when there is one. */
    int awaitUsedHead() throws InterruptedException {
        return memory.get(ValueLayout.JAVA_INT, awaitElement());
    }

    private long awaitElement() throws InterruptedException {
        for (int i = 0; i < 2000 && usedCount() == 0; i++) {
            Thread.sleep(1);
        }
        if (usedCount() == 0) {
            throw new AssertionError("nothing was used");
        }
        return USED + 4 + 8L * (seen++ % size);
    }

    byte[] bytes(Buffer buffer, int from, int count) {
        return memory.asSlice(buffer.address() + from, count).toArray(ValueLayout.JAVA_BYTE);
    }

    @Override
    public void close() {
        guest.regions().forEach(MemoryRegion::close);
        file.close();
        kick.close();
        call.close();
    }
}
