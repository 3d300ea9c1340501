package dev.ringside.testing;

import java.io.ByteArrayOutputStream;
import java.util.List;

/**
 * A chain in the ring.
 *
 * @param id by which the used ring names it
 * @param buffers in their order
 * @param memory where they lie
 */
public record FakeChain(int id, List<Buffer> buffers, FakeMemory memory) {
    /** What the buffers that the device may write hold now, one after the other. */
    public byte[] writable() {
        return content(true);
    }

    /** What the buffers that the device may read hold now, one after the other. */
    public byte[] readable() {
        return content(false);
    }

    private byte[] content(boolean writable) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (Buffer buffer : buffers) {
            if (buffer.writable() == writable) {
                bytes.writeBytes(memory.get(buffer.address(), (int) buffer.length()));
            }
        }
        return bytes.toByteArray();
    }

    /** The last byte that the device may write: where a block device puts its status. */
    public int lastByte() {
        Buffer last = buffers.get(buffers.size() - 1);
        return memory.get(last.address() + last.length() - 1, 1)[0];
    }
}
