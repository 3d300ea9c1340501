package dev.ringside.fuzz;

import dev.ringside.device.RunningQueue;
import dev.ringside.device.VirtioDevice;
import dev.ringside.fault.FaultLog;
import dev.ringside.fault.RingFault;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.queue.RingFeatures;
import dev.ringside.queue.SplitVirtqueue;
import dev.ringside.queue.VringAddress;
import dev.ringside.testing.FakeMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.LoggerFactory;

/**
 * A driver that gives a device chains as the bytes say: of any layout, in any memory, with any content. On the queue's loop,
 * except for construction and end.
 */
public final class HostileDriver implements AutoCloseable {
    private static final int SIZE = 16;
    private static final int FIRST_BYTES = 256 << 10;
    private static final int FAR_BYTES = 64 << 10;
    private static final long FAR = 0x1_0000_0000L;

    private static final int DESC = 0;
    private static final int AVAIL = 0x1000;
    private static final int USED = 0x2000;
    private static final int BUFFERS = 0x4000;
    private static final int BUFFER_BYTES = 0x2000;

    private static final int F_NEXT = 1;
    private static final int F_WRITE = 2;

    private final FakeMemory memory = FakeMemory.of(FIRST_BYTES).region(FAR, FAR, FAR_BYTES);
    private final MemorySegment ring = memory.regions().getFirst().mapping().memory();
    private final FaultLog faults = new FaultLog(LoggerFactory.getLogger(HostileDriver.class));
    private int availIdx;
    private int next;
    private RunningQueue queue;

    /** Begins with an empty ring, of a device that has not been started. */
    public void start(DeviceLoop loop, VirtioDevice device, int index, long features) throws RingFault {
        ring.asSlice(0, BUFFERS).fill((byte) 0);
        availIdx = 0;
        next = 0;
        long user = FakeMemory.USER_ADDRESS;
        VringAddress address = new VringAddress(user + DESC, user + AVAIL, user + USED);
        SplitVirtqueue split = new SplitVirtqueue(SIZE, 0, address, new RingFeatures(true, false), memory.memory());
        queue = new RunningQueue(loop, index, device, features, split, faults);
    }

    /** Makes a chain available, that may or may not be one. */
    public void offer(FuzzInput input) {
        int head = next;
        int count = 1 + input.below(6);
        for (int i = 0; i < count; i++) {
            int how = input.u8();
            long at = DESC + 16L * next;
            int buffer = BUFFERS + next * BUFFER_BYTES;
            long address = switch (how & 7) {
                case 0 -> input.i64();
                case 1 -> FAR + input.u16();
                case 2 -> FAR + FAR_BYTES - 1 - input.u8();
                default -> FakeMemory.GUEST_ADDRESS + buffer + (how & 1);
            };
            int length = switch ((how >> 3) & 7) {
                case 0 -> input.i32();
                case 1 -> input.u16();
                case 2 -> 512 * input.below(16);
                case 3 -> 1;
                case 4 -> 16;
                default -> input.u8();
            };
            next = (next + 1) % SIZE;
            boolean last = i == count - 1;
            ring.set(ValueLayout.JAVA_LONG, at, address);
            ring.set(ValueLayout.JAVA_INT, at + 8, length);
            ring.set(ValueLayout.JAVA_SHORT, at + 12, (short)
                    ((last ? 0 : F_NEXT) | ((how & 0x40) != 0 || (last && (how & 0x80) != 0) ? F_WRITE : 0)));
            ring.set(ValueLayout.JAVA_SHORT, at + 14, (short) next);
            byte[] content = input.bytes(input.below(80));
            MemorySegment.copy(content, 0, ring, ValueLayout.JAVA_BYTE, buffer, content.length);
        }
        publish(head);
    }

    /**
     * Makes a chain available that is one: of a buffer to read and another one to write.
     *
     * @param readable up to 8 KiB, as is {@code writable}
     */
    public void offer(byte[] readable, int writable) {
        int head = next;
        MemorySegment.copy(readable, 0, ring, ValueLayout.JAVA_BYTE, BUFFERS + next * BUFFER_BYTES, readable.length);
        describe(readable.length, F_NEXT);
        describe(writable, F_WRITE);
        publish(head);
    }

    private void describe(int length, int flags) {
        long at = DESC + 16L * next;
        ring.set(ValueLayout.JAVA_LONG, at, FakeMemory.GUEST_ADDRESS + BUFFERS + (long) next * BUFFER_BYTES);
        ring.set(ValueLayout.JAVA_INT, at + 8, length);
        ring.set(ValueLayout.JAVA_SHORT, at + 12, (short) flags);
        next = (next + 1) % SIZE;
        ring.set(ValueLayout.JAVA_SHORT, at + 14, (short) next);
    }

    private void publish(int head) {
        ring.set(ValueLayout.JAVA_SHORT, AVAIL + 4 + 2L * (availIdx % SIZE), (short) head);
        availIdx++;
        ring.set(ValueLayout.JAVA_SHORT, AVAIL + 2L, (short) availIdx);
    }

    /** Stores something somewhere. */
    public void poke(FuzzInput input) {
        ring.set(ValueLayout.JAVA_SHORT_UNALIGNED, input.u16() % BUFFERS, (short) input.u16());
    }

    /** The device has its turn. */
    public void poll() {
        queue.poll();
    }

    /** Stops the queue; completed when nothing of it is in flight. */
    public CompletableFuture<Integer> stop() {
        return queue.stop();
    }

    /** Waits for something that has to happen. */
    public static <T> T await(CompletableFuture<T> future) throws Exception {
        return future.get(10, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        memory.close();
    }
}
