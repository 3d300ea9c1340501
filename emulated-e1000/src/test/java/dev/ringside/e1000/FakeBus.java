package dev.ringside.e1000;

import dev.ringside.pci.Dma;
import dev.ringside.pci.DmaFence;
import dev.ringside.pci.PciBus;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;

/** Guest memory from address 0 on, reached at once or, as without shared memory, only when the test says so. */
final class FakeBus implements PciBus, Dma {
    static final int BYTES = 1 << 20;

    final MemorySegment memory = MemorySegment.ofArray(new byte[BYTES]);
    private final Deque<Runnable> waiting = new ArrayDeque<>();
    private boolean remote;
    boolean asserted;
    int assertions;

    void remote() {
        remote = true;
    }

    /** Completes everything that waits, and what follows from it. */
    int complete() {
        int count = 0;
        while (!waiting.isEmpty()) {
            waiting.poll().run();
            count++;
        }
        return count;
    }

    private static boolean exists(long address, int length) {
        return address >= 0 && address <= BYTES - length;
    }

    private void transfer(long address, int length, DmaFence fence, Runnable work) {
        if (!exists(address, length)) {
            fence.fail();
        } else if (remote) {
            fence.begin();
            waiting.add(() -> {
                if (!fence.isAbandoned()) {
                    work.run();
                }
                fence.end();
            });
        } else {
            work.run();
        }
    }

    @Override
    public void read(long address, MemorySegment to, long offset, int length, DmaFence fence) {
        transfer(address, length, fence, () -> MemorySegment.copy(memory, address, to, offset, length));
    }

    @Override
    public void write(long address, MemorySegment from, long offset, int length, DmaFence fence) {
        byte[] copy = from.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
        transfer(
                address,
                length,
                fence,
                () -> MemorySegment.copy(copy, 0, memory, ValueLayout.JAVA_BYTE, address, length));
    }

    @Override
    public void publish(long address, long value, DmaFence fence) {
        transfer(address, Long.BYTES, fence, () -> memory.set(ValueLayout.JAVA_LONG_UNALIGNED, address, value));
    }

    @Override
    public boolean pieces(long address, int length, boolean write, Pieces into) {
        if (remote || !exists(address, length)) {
            return false;
        }
        // In two pieces, as at the end of a map.
        int half = length / 2;
        if (half > 0) {
            into.piece(memory, address, half);
        }
        into.piece(memory, address + half, length - half);
        return true;
    }

    @Override
    public Dma dma() {
        return this;
    }

    @Override
    public void intx(boolean level) {
        if (level && !asserted) {
            assertions++;
        }
        asserted = level;
    }
}
