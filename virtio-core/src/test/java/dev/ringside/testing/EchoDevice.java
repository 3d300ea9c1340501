package dev.ringside.testing;

import dev.ringside.device.QueueContext;
import dev.ringside.device.QueueHandler;
import dev.ringside.device.QueueStats;
import dev.ringside.device.VirtioDevice;
import dev.ringside.fault.MessageFault;
import dev.ringside.queue.DescriptorChain;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * The least that a device can be: it copies what it may read to where it may write. It can be told to hold its chains,
 * to be a device with requests in flight.
 */
public final class EchoDevice implements VirtioDevice {
    /** Two feature bits of no meaning. */
    public static final long FEATURES = 1L << 5 | 1L << 9;

    public static final int CONFIG_BYTES = 40;
    /** The one byte of the config space that a driver may write; it fires a config change. */
    public static final int WRITABLE_CONFIG = 8;

    /** What malformed chains are completed with, as the number of bytes written. */
    public static final long REJECTED = 0xdead;

    private static final int MAX_BYTES = 1 << 20;

    /** A chain that is in flight until somebody completes it. */
    public record Held(
            QueueContext queue, DescriptorChain chain, MemorySegment bounce, List<DescriptorChain> inFlight) {
        /** Completes the request, from any thread. */
        public void release() {
            queue.loop().execute(() -> {
                inFlight.remove(chain);
                long written = 0;
                try {
                    written = echo(chain, bounce);
                } finally {
                    // Whatever became of the memory: whoever has a chain in flight completes it.
                    queue.complete(chain, written);
                }
            });
        }
    }

    private final int maxQueues;
    private final QueueStats[] stats;
    private final byte[] config = new byte[CONFIG_BYTES];
    private final BlockingQueue<Held> held = new LinkedBlockingQueue<>();
    private final AtomicInteger running = new AtomicInteger();
    private volatile boolean holding;
    private volatile boolean leaving;
    private volatile boolean failing;
    private volatile Runnable configListener = () -> {};

    /** @param maxQueues how many it offers */
    public EchoDevice(int maxQueues) {
        this.maxQueues = maxQueues;
        this.stats = Stream.generate(QueueStats::new).limit(maxQueues).toArray(QueueStats[]::new);
        for (int i = 0; i < CONFIG_BYTES; i++) {
            config[i] = initial(i);
        }
    }

    private static byte initial(int offset) {
        return (byte) (offset + 1);
    }

    /** From now on chains stay in flight, or no longer do. */
    public void hold(boolean hold) {
        holding = hold;
    }

    /** From now on chains that are in flight when their queue is suspended stay so, or no longer do. */
    public void leave(boolean leave) {
        leaving = leave;
    }

    /** From now on the device fails at every chain, as a device with a bug does, or no longer does. */
    public void fail(boolean fail) {
        failing = fail;
    }

    /** The next chain that the device has taken and holds. */
    public Held awaitHeld() {
        try {
            Held next = held.poll(FakeFrontEnd.DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
            if (next == null) {
                throw new AssertionError("no chain was taken within " + FakeFrontEnd.DEADLINE);
            }
            return next;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Whether chains are held that nobody has asked for. */
    public boolean isHolding() {
        return !held.isEmpty();
    }

    @Override
    public QueueStats stats(int index) {
        return stats[index];
    }

    /** Queues that were started and not closed yet. */
    public int running() {
        return running.get();
    }

    /** Changes the config space by itself, as a device does that grows. */
    public void changeConfig(int offset, byte value) {
        config[offset] = value;
        configListener.run();
    }

    @Override
    public String name() {
        return "echo";
    }

    @Override
    public long features() {
        return FEATURES;
    }

    @Override
    public int maxQueues() {
        return maxQueues;
    }

    @Override
    public boolean completesOutOfOrder() {
        return true;
    }

    @Override
    public byte[] config() {
        return config.clone();
    }

    @Override
    public void writeConfig(int offset, byte[] bytes, long features) throws MessageFault {
        if (offset != WRITABLE_CONFIG || bytes.length != 1) {
            throw new MessageFault("only byte %d is writable".formatted(WRITABLE_CONFIG));
        }
        config[offset] = bytes[0];
    }

    @Override
    public byte[] saveState() {
        return new byte[] {config[WRITABLE_CONFIG]};
    }

    @Override
    public void loadState(byte[] state) throws MessageFault {
        if (state.length != 1) {
            throw new MessageFault("state of " + state.length + " bytes");
        }
        config[WRITABLE_CONFIG] = state[0];
    }

    @Override
    public void reset() {
        config[WRITABLE_CONFIG] = initial(WRITABLE_CONFIG);
    }

    @Override
    public void onConfigChange(Runnable listener) {
        configListener = listener;
    }

    @Override
    public QueueHandler start(QueueContext queue, long features) {
        running.incrementAndGet();
        return new Handler(queue);
    }

    private static long echo(DescriptorChain chain, MemorySegment bounce) {
        long bytes = Math.min(Math.min(chain.readableBytes(), chain.writableBytes()), MAX_BYTES);
        chain.read(0, bounce, 0, bytes);
        chain.write(0, bounce, 0, bytes);
        return bytes;
    }

    private final class Handler implements QueueHandler {
        private final QueueContext queue;
        /** Chains that are held, asked for or not. */
        private final List<DescriptorChain> inFlight = new ArrayList<>();

        private final MemorySegment bounce = Arena.ofAuto().allocate(MAX_BYTES);

        Handler(QueueContext queue) {
            this.queue = queue;
        }

        @Override
        public void handle(DescriptorChain chain) {
            if (failing) {
                throw new IllegalStateException("a device with a bug");
            }
            if (holding) {
                inFlight.add(chain);
                held.add(new Held(queue, chain, bounce, inFlight));
            } else {
                queue.complete(chain, echo(chain, bounce));
            }
        }

        @Override
        public void reject(DescriptorChain chain) {
            queue.complete(chain, REJECTED);
        }

        @Override
        public boolean abandon(DescriptorChain chain) {
            return held.stream().noneMatch(one -> one.chain().equals(chain));
        }

        @Override
        public void suspend() {
            if (leaving) {
                inFlight.forEach(queue::leave);
                inFlight.clear();
            }
        }

        @Override
        public void close() {
            running.decrementAndGet();
        }
    }
}
