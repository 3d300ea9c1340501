package dev.ringside.vfiouser;

import dev.ringside.pci.Bar;
import dev.ringside.pci.ConfigSpace;
import dev.ringside.pci.DmaFence;
import dev.ringside.pci.PciBus;
import dev.ringside.pci.PciFunction;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A function with 16 words of memory in BAR 0, some of which do something when written: drive the interrupt pin, or start DMA
 * between guest memory and the function's own buffer.
 */
final class TestFunction implements PciFunction {
    static final int LEVEL = 0;
    static final int ADDRESS = 4;
    static final int READ = 8;
    static final int WRITE = 12;
    /** 1 while a transfer is under way, 2 if one failed, otherwise 0. */
    static final int BUSY = 16;
    /** The first word of the buffer. */
    static final int DATA = 20;

    static final int BAR_BYTES = 64;
    static final int BUFFER_BYTES = 1 << 16;

    final AtomicInteger resets = new AtomicInteger();
    final AtomicInteger attached = new AtomicInteger();
    private final ConfigSpace config = new ConfigSpace(0x8086, 0x100e, 2, 0x020000, 0x8086, 0x1e);
    private final int[] words = new int[BAR_BYTES / 4];
    private final MemorySegment buffer = MemorySegment.ofArray(new byte[BUFFER_BYTES]);
    private final DmaFence fence = new DmaFence(() -> {});
    private @Nullable PciBus bus;

    TestFunction() {
        bars().forEach(config::add);
    }

    @Override
    public String name() {
        return "test function";
    }

    @Override
    public List<Bar> bars() {
        return List.of(new Bar(0, Bar.Kind.MEMORY, BAR_BYTES));
    }

    @Override
    public void configRead(int offset, byte[] to) {
        config.read(offset, to);
    }

    @Override
    public void configWrite(int offset, byte[] from) {
        config.write(offset, from);
    }

    @Override
    public long barRead(int bar, int offset, int width) {
        if (offset == BUSY) {
            return fence.isIdle() ? fence.takeFailure() ? 2 : 0 : 1;
        }
        if (offset == DATA) {
            return buffer.get(ValueLayout.JAVA_INT_UNALIGNED, 0);
        }
        return Integer.toUnsignedLong(words[offset / 4]);
    }

    @Override
    public void barWrite(int bar, int offset, int width, long value) {
        words[offset / 4] = (int) value;
        PciBus present = Objects.requireNonNull(bus);
        long address = Integer.toUnsignedLong(words[ADDRESS / 4]);
        switch (offset) {
            case LEVEL -> present.intx(value != 0);
            case READ -> present.dma().read(address, buffer, 0, (int) value, fence);
            case WRITE -> present.dma().write(address, buffer, 0, (int) value, fence);
            default -> {}
        }
    }

    @Override
    public void reset() {
        resets.incrementAndGet();
    }

    @Override
    public void attach(PciBus present) {
        bus = present;
        attached.incrementAndGet();
    }

    @Override
    public void detach(Runnable released) {
        bus = null;
        attached.decrementAndGet();
        released.run();
    }
}
