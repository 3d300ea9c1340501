package dev.ringside.blk.storage.nbd;

import dev.ringside.blk.storage.Transfer;
import dev.ringside.linux.Fd;
import dev.ringside.linux.MemFd;
import dev.ringside.memory.GuestMemory;
import dev.ringside.memory.MemoryRegion;
import dev.ringside.queue.DescriptorChain;
import dev.ringside.queue.RingFeatures;
import dev.ringside.queue.SplitVirtqueue;
import dev.ringside.queue.VringAddress;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Guest memory with one buffer in it, and a chain of it: what a storage moves data into or out of. */
final class GuestBuffer implements AutoCloseable {
    private static final long BASE = 0x10_0000;
    private static final int DATA = 0x1000;
    private static final int DESC_F_WRITE = 2;

    private final MemoryRegion region;
    private final DescriptorChain chain;
    private final Transfer transfer;
    private final boolean intoGuest;
    private final int bytes;

    /** @param intoGuest whether the storage is to write into the buffer */
    GuestBuffer(int slot, int bytes, boolean intoGuest) throws Exception {
        this.bytes = bytes;
        this.intoGuest = intoGuest;
        try (Fd fd = MemFd.create("guest", DATA + bytes)) {
            region = MemoryRegion.map(fd, BASE, BASE, DATA + bytes, 0);
        }
        // One descriptor at 0, the available ring with that one at 0x100, the used ring at 0x200.
        MemorySegment memory = region.memory();
        memory.set(ValueLayout.JAVA_LONG, 0, BASE + DATA);
        memory.set(ValueLayout.JAVA_INT, 8, bytes);
        memory.set(ValueLayout.JAVA_SHORT, 12, (short) (intoGuest ? DESC_F_WRITE : 0));
        memory.set(ValueLayout.JAVA_SHORT, 0x102, (short) 1);
        SplitVirtqueue queue = new SplitVirtqueue(
                2,
                0,
                new VringAddress(BASE, BASE + 0x100, BASE + 0x200),
                new RingFeatures(false, false),
                GuestMemory.of(List.of(region)));
        chain = new DescriptorChain(slot);
        if (!queue.poll(chain)) {
            throw new AssertionError("no chain");
        }
        transfer = new Transfer(chain);
    }

    Transfer transfer(long offset) {
        transfer.begin(intoGuest, 0, offset, bytes);
        return transfer;
    }

    void put(byte... content) {
        MemorySegment.copy(content, 0, region.memory(), ValueLayout.JAVA_BYTE, DATA, content.length);
    }

    byte[] get() {
        return region.memory().asSlice(DATA, bytes).toArray(ValueLayout.JAVA_BYTE);
    }

    @Override
    public void close() {
        region.close();
    }
}
