package dev.ringside.queue;

import dev.ringside.testing.Buffer;
import dev.ringside.testing.FakeMemory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Random buffers in the memory of {@link RandomisedQueueTest}, and what a device should find in them. */
final class RandomChains {
    /** Three regions that adjoin for the guest; buffers lie anywhere in them, also across. */
    static final long BUFFERS = 0x4_0000_0000L;

    private static final int REGION = 0x8000;
    private static final int REGIONS = 3;
    private static final long OUTSIDE = 0x7000_0000_0000L;

    private final Random random;
    private final FakeMemory memory;
    /** What the regions hold. */
    private final byte[] image = new byte[REGIONS * REGION];

    RandomChains(Random random, FakeMemory memory) {
        this.random = random;
        this.memory = memory;
        for (int i = REGIONS - 1; i >= 0; i--) {
            memory.region(BUFFERS + (long) i * REGION, 0x1_0000_0000L + ((long) i << 32), REGION);
        }
        random.nextBytes(image);
        memory.put(BUFFERS, image);
    }

    /** Readable buffers, then writable ones. */
    List<Buffer> next(int most) {
        int count = 1 + random.nextInt(most);
        int readable = random.nextInt(count + 1);
        List<Buffer> buffers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int length = 1 + random.nextInt(random.nextInt(8) == 0 ? 20_000 : 200);
            long address = BUFFERS + random.nextInt(image.length - length + 1);
            buffers.add(new Buffer(address, length, i >= readable));
        }
        return buffers;
    }

    /** The same, with one buffer that no device accepts. */
    List<Buffer> nextFaulty(int most) {
        List<Buffer> buffers = next(most);
        int at = random.nextInt(buffers.size());
        Buffer good = buffers.get(at);
        Buffer bad = random.nextBoolean()
                ? new Buffer(good.address(), 0, good.writable())
                : new Buffer(OUTSIDE + random.nextInt(), good.length(), good.writable());
        buffers.set(at, bad);
        return buffers;
    }

    static long bytes(List<Buffer> buffers, boolean writable) {
        return buffers.stream()
                .filter(buffer -> buffer.writable() == writable)
                .mapToLong(Buffer::length)
                .sum();
    }

    /** What a device reads at a position of the readable part. */
    byte[] read(List<Buffer> buffers, long position, int length) {
        byte[] all = new byte[(int) bytes(buffers, false)];
        int at = 0;
        for (Buffer buffer : buffers) {
            if (!buffer.writable()) {
                System.arraycopy(image, (int) (buffer.address() - BUFFERS), all, at, (int) buffer.length());
                at += (int) buffer.length();
            }
        }
        byte[] part = new byte[length];
        System.arraycopy(all, (int) position, part, 0, length);
        return part;
    }

    /** A device writes at a position of the writable part. */
    void write(List<Buffer> buffers, long position, byte[] bytes) {
        long skip = position;
        int done = 0;
        for (Buffer buffer : buffers) {
            if (!buffer.writable() || done == bytes.length) {
                continue;
            }
            if (skip >= buffer.length()) {
                skip -= buffer.length();
                continue;
            }
            int piece = (int) Math.min(buffer.length() - skip, bytes.length - done);
            System.arraycopy(bytes, done, image, (int) (buffer.address() + skip - BUFFERS), piece);
            done += piece;
            skip = 0;
        }
    }

    /** Whether memory holds what the model says. */
    boolean matches() {
        return Arrays.equals(memory.get(BUFFERS, image.length), image);
    }
}
