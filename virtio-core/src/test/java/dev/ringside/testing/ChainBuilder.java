package dev.ringside.testing;

import java.util.ArrayList;
import java.util.List;

/**
 * A chain of buffers, described in one line: {@code driver.chain().readable(header).writable(512).writable(1).offer()}.
 * Buffers that are given by length or content are allocated from the driver's memory.
 */
public final class ChainBuilder {
    private final FakeDriver driver;
    private final List<Buffer> buffers = new ArrayList<>();
    private int direct = -1;

    ChainBuilder(FakeDriver driver) {
        this.driver = driver;
    }

    /** A buffer with this content that the device may read. */
    public ChainBuilder readable(byte... content) {
        long address = driver.memory().allocate(content.length, 1);
        driver.memory().put(address, content);
        return readableAt(address, content.length);
    }

    /** A buffer that the device may read. */
    public ChainBuilder readableAt(long address, long length) {
        buffers.add(new Buffer(address, length, false));
        return this;
    }

    /** A buffer that the device may write. */
    public ChainBuilder writable(int length) {
        return writableAt(driver.memory().allocate(length, 1), length);
    }

    /** A buffer that the device may write. */
    public ChainBuilder writableAt(long address, long length) {
        buffers.add(new Buffer(address, length, true));
        return this;
    }

    /** Any buffer. */
    public ChainBuilder buffer(Buffer buffer) {
        buffers.add(buffer);
        return this;
    }

    /** From here on buffers stand in an indirect table; those before, if there are any, in the ring's own. */
    public ChainBuilder indirect() {
        direct = buffers.size();
        return this;
    }

    /** Puts the chain into the ring, where the device does not see it before {@link FakeDriver#publish}. */
    public FakeChain add() {
        int id = direct < 0
                ? driver.add(buffers, List.of())
                : driver.add(buffers.subList(0, direct), buffers.subList(direct, buffers.size()));
        return new FakeChain(id, List.copyOf(buffers), driver.memory());
    }

    /** Makes the chain available to the device. */
    public FakeChain offer() {
        FakeChain chain = add();
        driver.publish();
        return chain;
    }
}
