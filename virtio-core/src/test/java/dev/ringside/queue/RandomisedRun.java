package dev.ringside.queue;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.fault.ChainFault;
import dev.ringside.fault.RingFault;
import dev.ringside.testing.Buffer;
import dev.ringside.testing.FakeDriver;
import dev.ringside.testing.FakeDriver.Used;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;

/** One run of {@link RandomisedQueueTest}: what is the same in either ring format. Subclasses know the rings' fields. */
abstract class RandomisedRun {
    /**
     * A chain that the driver has added.
     *
     * @param entries of the ring that it takes
     */
    record Offered(int head, int entries, List<Buffer> buffers, boolean faulty) {}

    private record Taken(Offered offered, DescriptorChain chain) {}

    final Random random;
    final RingFeatures features;
    private final RandomChains chains;
    private final FakeDriver driver;
    private final Virtqueue queue;

    private final Deque<Offered> added = new ArrayDeque<>();
    final Deque<Offered> available = new ArrayDeque<>();
    private final List<Taken> taken = new ArrayList<>();
    /** Chains in the order in which they were taken, up to the last that was pushed: only the end may be given back. */
    private final Deque<Taken> returnable = new ArrayDeque<>();

    private final Deque<Offered> pushed = new ArrayDeque<>();
    private final Deque<Used> pushedAs = new ArrayDeque<>();
    private final Deque<Used> used = new ArrayDeque<>();
    private final Deque<DescriptorChain> idle = new ArrayDeque<>();
    private boolean first = true;

    RandomisedRun(Random random, RandomChains chains, RingFeatures features, FakeDriver driver, Virtqueue queue) {
        this.random = random;
        this.chains = chains;
        this.features = features;
        this.driver = driver;
        this.queue = queue;
    }

    /** Free descriptors, or entries. */
    abstract int room();

    /** How many of a chain's buffers, of which there may be more than room, stand outside of an indirect table. */
    abstract int direct(int buffers, int room);

    /** The model takes a chain, or gives it back. */
    abstract void moved(Offered chain, boolean back);

    /** Where the queue would go on. */
    abstract int base();

    /**
     * The driver sees chains as used.
     *
     * @return whether it has asked to be called for them
     */
    abstract boolean published(List<Offered> chains);

    abstract void suppressCalls();

    abstract void checkKicks(boolean armed);

    void run(int steps) throws RingFault {
        for (int step = 0; step < steps; step++) {
            switch (random.nextInt(17)) {
                case 0, 1, 2, 3 -> add();
                case 4, 5 -> publishAvail();
                case 6, 7, 8 -> poll();
                case 9, 10 -> push();
                case 11 -> publishUsed();
                case 12, 13 -> takeUsed();
                case 14 -> suppressCalls();
                case 15 -> suppressKicks();
                default -> giveBack();
            }
        }
        assertThat(chains.matches()).isTrue();
    }

    private void add() {
        int room = Math.min(room(), 12);
        if (room == 0) {
            return;
        }
        boolean faulty = random.nextInt(16) == 0;
        int most = features.indirectDesc() ? 12 : room;
        List<Buffer> buffers = faulty ? chains.nextFaulty(most) : chains.next(most);
        int direct = features.indirectDesc() && (buffers.size() > room || random.nextBoolean())
                ? direct(buffers.size(), room)
                : buffers.size();
        int head = driver.add(buffers.subList(0, direct), buffers.subList(direct, buffers.size()));
        added.add(new Offered(head, direct + (direct < buffers.size() ? 1 : 0), buffers, faulty));
    }

    private void publishAvail() {
        driver.publish();
        available.addAll(added);
        added.clear();
    }

    private void poll() throws RingFault {
        assertThat(queue.isEmpty()).isEqualTo(available.isEmpty());
        assertThat(queue.base()).isEqualTo(base());
        DescriptorChain chain = idle.isEmpty() ? new DescriptorChain(taken.size()) : idle.pop();
        Offered expected = available.poll();
        boolean faulty = false;
        try {
            assertThat(queue.poll(chain)).isEqualTo(expected != null);
        } catch (ChainFault e) {
            faulty = true;
        }
        if (expected == null) {
            idle.push(chain);
            return;
        }
        moved(expected, false);
        assertThat(faulty).isEqualTo(expected.faulty());
        assertThat(chain.head()).isEqualTo(expected.head());
        Taken one = new Taken(expected, chain);
        taken.add(one);
        returnable.push(one);
        if (!faulty) {
            compare(chain, expected.buffers());
        }
    }

    private void giveBack() {
        int count = returnable.isEmpty() ? 0 : random.nextInt(Math.min(returnable.size(), 3) + 1);
        for (int i = 0; i < count; i++) {
            Taken one = returnable.pop();
            taken.remove(one);
            queue.unpoll(one.chain());
            one.chain().trim();
            idle.push(one.chain());
            available.push(one.offered());
            moved(one.offered(), true);
        }
    }

    private void compare(DescriptorChain chain, List<Buffer> buffers) {
        long readable = RandomChains.bytes(buffers, false);
        long writable = RandomChains.bytes(buffers, true);
        assertThat(chain.readableBytes()).isEqualTo(readable);
        assertThat(chain.writableBytes()).isEqualTo(writable);
        assertThat(chain.endsWritable()).isEqualTo(writable > 0);
        if (readable > 0) {
            int position = random.nextInt((int) readable);
            byte[] read = new byte[random.nextInt((int) readable - position + 1)];
            chain.read(position, MemorySegment.ofArray(read), 0, read.length);
            assertThat(read).isEqualTo(chains.read(buffers, position, read.length));
        }
        if (readable >= 8) {
            int position = random.nextInt((int) readable - 7);
            byte[] eight = chains.read(buffers, position, 8);
            long value = 0;
            for (int i = 7; i >= 0; i--) {
                value = value << 8 | (eight[i] & 0xff);
            }
            assertThat(chain.readU64(position)).isEqualTo(value);
        }
        if (writable > 0) {
            int position = random.nextInt((int) writable);
            byte[] written = new byte[random.nextInt((int) writable - position + 1)];
            random.nextBytes(written);
            chain.write(position, MemorySegment.ofArray(written), 0, written.length);
            chains.write(buffers, position, written);
            int last = random.nextInt(256);
            chain.writeLast(last);
            chains.write(buffers, writable - 1, new byte[] {(byte) last});
        }
    }

    private void push() {
        if (taken.isEmpty()) {
            return;
        }
        Taken done = taken.remove(random.nextInt(taken.size()));
        if (returnable.contains(done)) {
            while (!returnable.peekLast().equals(done)) {
                returnable.removeLast();
            }
            returnable.removeLast();
        }
        long written = random.nextInt(4) == 0 ? 0 : random.nextInt() & 0xffff_ffffL;
        queue.push(done.chain(), written);
        pushed.add(done.offered());
        pushedAs.add(new Used(done.offered().head(), written));
        done.chain().trim();
        idle.push(done.chain());
    }

    private void publishUsed() {
        boolean wanted = published(List.copyOf(pushed));
        assertThat(queue.publish()).isEqualTo(!pushed.isEmpty() && (first || wanted));
        first &= pushed.isEmpty();
        used.addAll(pushedAs);
        pushed.clear();
        pushedAs.clear();
    }

    private void takeUsed() {
        assertThat(driver.takeUsed()).isEqualTo(used.poll());
    }

    private void suppressKicks() throws RingFault {
        if (random.nextBoolean()) {
            queue.disarmKicks();
            checkKicks(false);
        } else {
            assertThat(queue.armKicks()).isEqualTo(!available.isEmpty());
            checkKicks(true);
        }
    }
}
