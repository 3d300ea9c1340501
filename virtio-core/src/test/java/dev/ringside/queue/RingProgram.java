package dev.ringside.queue;

import dev.ringside.fault.ChainFault;
import dev.ringside.fault.PeerFault;
import dev.ringside.fault.RingFault;
import dev.ringside.fuzz.FuzzInput;
import dev.ringside.fuzz.FuzzTarget;
import dev.ringside.memory.GuestMemory;
import dev.ringside.memory.MemoryRegion;
import dev.ringside.testing.FakeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * A driver without manners on one end of a ring and a device on the other, both acting as the bytes say. Whatever the driver
 * does, the device sees faults of the declared kinds and chains that lie wholly within the guest's regions, and never has more
 * of them than there are descriptors.
 */
abstract class RingProgram implements FuzzTarget {
    /** Three regions, two of which adjoin for the guest. */
    static final int FIRST_BYTES = 16 << 10;

    private static final int MORE_BYTES = 4 << 10;
    private static final long FAR = 0x7fff_ffff_f000L;
    private static final int MAX_STEPS = 256;
    /** What a device copies of a chain, to know that it can. */
    private static final int COPIED = 64;

    static final long DESC = 0;
    static final long DRIVER_AREA = 4 << 10;
    static final long DEVICE_AREA = 6 << 10;
    private static final int RECORD_BYTES = 8 << 10;

    private final FakeMemory memory = FakeMemory.of(FIRST_BYTES)
            .region(FakeMemory.GUEST_ADDRESS + FIRST_BYTES, FakeMemory.USER_ADDRESS + (1L << 32), MORE_BYTES)
            .region(FAR, FakeMemory.USER_ADDRESS + (2L << 32), MORE_BYTES);
    private final List<GuestMemory> generations =
            List.of(memory.memory(), FakeMemory.of(FIRST_BYTES).memory());
    private final MemorySegment ring = memory.regions().getFirst().mapping().memory();
    private final MemorySegment record = Arena.ofAuto().allocate(RECORD_BYTES, 64);
    private final MemorySegment bounce = Arena.ofAuto().allocate(COPIED);
    private final MemorySegment iovec =
            Arena.ofAuto().allocate((long) DescriptorChain.MAX_SEGMENTS * DescriptorChain.IOVEC_BYTES, 8);

    /** Descriptors of the ring that the driver does not know to be used, and those of them that are about to be shown. */
    private int taken;

    private int pushed;

    final MemorySegment ring() {
        return ring;
    }

    /** Makes the device's end, with what the bytes say of size, place and base. */
    abstract Virtqueue queue(
            FuzzInput input, VringAddress address, RingFeatures features, GuestMemory memory, MemorySegment record)
            throws RingFault;

    /** Makes something available, as a driver does that knows where the device stands. */
    abstract void offer(FuzzInput input, Virtqueue queue);

    @Override
    public final void execute(FuzzInput input) throws Exception {
        memory.regions().forEach(region -> region.mapping().memory().fill((byte) 0));
        record.fill((byte) 0);
        int flags = input.u8();
        for (int words = input.below(16); words > 0; words--) {
            poke(input);
        }
        try {
            run(input, flags);
        } catch (RingFault e) {
            checkNamed(e);
        }
    }

    private void run(FuzzInput input, int flags) throws RingFault {
        long user = FakeMemory.USER_ADDRESS;
        VringAddress address = (flags & 1) == 0
                ? new VringAddress(user + DESC, user + DRIVER_AREA, user + DEVICE_AREA)
                : new VringAddress(user + input.u16(), user + input.u16(), input.i64());
        RingFeatures features = new RingFeatures((flags & 2) == 0, (flags & 4) == 0);
        boolean recorded = (flags & 8) != 0;
        Virtqueue queue = queue(input, address, features, generations.getFirst(), recorded ? record : null);
        taken = 0;
        pushed = 0;
        List<DescriptorChain> held = new ArrayList<>();
        for (int step = 0; input.hasMore() && step < MAX_STEPS; step++) {
            switch (input.below(12)) {
                case 0, 1, 2 -> poke(input);
                case 3, 4 -> offer(input, queue);
                case 5, 6 -> poll(queue, held);
                case 7 -> {
                    if (!held.isEmpty()) {
                        push(queue, held.remove(input.below(held.size())), input.u16());
                    }
                }
                case 8 -> {
                    if (!held.isEmpty() && !recorded && queue.resubmissions() == 0) {
                        DescriptorChain last = held.removeLast();
                        taken -= descriptors(last);
                        queue.unpoll(last);
                    }
                }
                case 9 -> {
                    queue.publish();
                    taken -= pushed;
                    pushed = 0;
                }
                case 10 -> arm(queue, input.u8());
                default -> {
                    // As the session does: nothing is in flight then.
                    held.forEach(chain -> push(queue, chain, 0));
                    held.clear();
                    queue.rebind(generations.get(input.below(2)));
                    queue.rebind(generations.getFirst());
                }
            }
        }
        queue.publish();
        queue.base();
    }

    private void push(Virtqueue queue, DescriptorChain chain, long written) {
        pushed += descriptors(chain);
        queue.push(chain, written);
    }

    /** That a chain takes of the ring, at least: a split ring's may have more. */
    private static int descriptors(DescriptorChain chain) {
        return Math.max(1, chain.entries());
    }

    private void arm(Virtqueue queue, int how) throws RingFault {
        if ((how & 1) == 0) {
            queue.armKicks();
        } else {
            queue.disarmKicks();
        }
        queue.isEmpty();
        // Chains that were given back come on top of those that the driver has made available since.
        if (queue.available() > 2 * queue.size()) {
            throw new AssertionError(queue.available() + " chains available in a queue of " + queue.size());
        }
    }

    private void poll(Virtqueue queue, List<DescriptorChain> held) throws RingFault {
        if (held.size() == queue.size()) {
            // A device has room for no more (RunningQueue).
            return;
        }
        DescriptorChain chain = new DescriptorChain(held.size());
        try {
            if (!queue.poll(chain)) {
                return;
            }
            check(chain);
            use(chain);
        } catch (ChainFault e) {
            checkNamed(e);
            check(chain);
            if (chain.endsWritable()) {
                chain.writeLast(1);
            }
        }
        held.add(chain);
        taken += descriptors(chain);
        if (taken > queue.size()) {
            throw new AssertionError(taken + " descriptors in flight of a ring of " + queue.size());
        }
    }

    private static void checkNamed(PeerFault fault) {
        if (fault.getMessage().isEmpty()) {
            throw new AssertionError("a fault without a reason");
        }
    }

    /** Every byte of a chain is one of the guest's. */
    private void check(DescriptorChain chain) {
        long readable = 0;
        long writable = 0;
        for (int i = 0; i < chain.segments(); i++) {
            MemorySegment within = chain.memory(i);
            if (chain.length(i) <= 0
                    || chain.offset(i) < 0
                    || chain.offset(i) > within.byteSize() - chain.length(i)
                    || !isGuests(within)) {
                throw new AssertionError("segment of %#x bytes at %#x".formatted(chain.length(i), chain.offset(i)));
            }
            if (i < chain.readableSegments()) {
                readable += chain.length(i);
            } else {
                writable += chain.length(i);
            }
        }
        if (readable != chain.readableBytes() || writable != chain.writableBytes()) {
            throw new AssertionError("%d and %d bytes in segments, %d and %d in all"
                    .formatted(readable, writable, chain.readableBytes(), chain.writableBytes()));
        }
    }

    private boolean isGuests(MemorySegment memory) {
        for (GuestMemory generation : generations) {
            for (MemoryRegion region : generation.regions()) {
                if (region.memory().equals(memory)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** What devices do with a chain. */
    private void use(DescriptorChain chain) {
        if (chain.readableBytes() >= Long.BYTES) {
            chain.readU64(chain.readableBytes() - Long.BYTES);
            chain.readU16(0);
            chain.read(0, bounce, 0, Math.min(COPIED, chain.readableBytes()));
            checkIovec(chain, chain.readableIovec(0, chain.readableBytes(), iovec), chain.readableBytes());
        }
        if (chain.writableBytes() > 0) {
            chain.write(0, bounce, 0, Math.min(COPIED, chain.writableBytes()));
            chain.writeLast(0);
            checkIovec(chain, chain.writableIovec(0, chain.writableBytes(), iovec), chain.writableBytes());
        }
    }

    /** The kernel takes these addresses as they are. */
    private void checkIovec(DescriptorChain chain, int count, long bytes) {
        long sum = 0;
        for (int i = 0; i < count; i++) {
            long base = iovec.get(ValueLayout.JAVA_LONG, (long) i * DescriptorChain.IOVEC_BYTES);
            long length = iovec.get(ValueLayout.JAVA_LONG, (long) i * DescriptorChain.IOVEC_BYTES + Long.BYTES);
            boolean inside = false;
            for (int j = 0; j < chain.segments(); j++) {
                long start = chain.memory(j).address();
                inside |= base >= start && base - start <= chain.memory(j).byteSize() - length;
            }
            if (!inside) {
                throw new AssertionError("iovec of %#x bytes at %#x".formatted(length, base));
            }
            sum += length;
        }
        if (sum != bytes) {
            throw new AssertionError("iovecs of %d bytes for %d".formatted(sum, bytes));
        }
    }

    /** Stores what a driver, or whoever keeps the record of what is in flight, may store: anything. */
    private void poke(FuzzInput input) {
        int what = input.u8();
        switch (what & 3) {
            case 0 -> putDescriptor(input, (what >> 2) & 15);
            case 1 -> ring.set(ValueLayout.JAVA_SHORT_UNALIGNED, DRIVER_AREA + (what >> 2), (short) input.u16());
            case 2 -> ring.set(ValueLayout.JAVA_LONG_UNALIGNED, input.u16() % (FIRST_BYTES - 8), input.i64());
            default ->
                record.set(ValueLayout.JAVA_SHORT_UNALIGNED, (what & 4) == 0 ? what >> 3 : input.u16() % 4096, (short)
                        input.u16());
        }
    }

    /** The parts of a descriptor that both formats have, in a way that makes a sensible one likely. */
    final long address(FuzzInput input, int how) {
        return switch (how & 3) {
            case 0 -> FakeMemory.GUEST_ADDRESS + input.u16() % (FIRST_BYTES + MORE_BYTES);
            case 1 -> FAR + input.u8();
            case 2 -> FakeMemory.GUEST_ADDRESS + 0x2000 + (long) input.below(16) * 16;
            default -> input.i64();
        };
    }

    final long length(FuzzInput input, int how) {
        return switch (how & 3) {
            case 0 -> input.u8();
            case 1 -> 16L * (1 + input.below(16));
            case 2 -> input.u16();
            default -> input.i32() & 0xffff_ffffL;
        };
    }

    /** Of the ring, or of an indirect table at 0x2000 when the index is 8 or more. */
    private void putDescriptor(FuzzInput input, int index) {
        long at = index < 8 ? DESC + 16L * index : 0x2000 + 16L * (index - 8);
        int how = input.u8();
        ring.set(ValueLayout.JAVA_LONG, at, address(input, how));
        ring.set(ValueLayout.JAVA_INT, at + 8, (int) length(input, how >> 2));
        putRest(input, at + 12, how >> 4);
    }

    /** The last four bytes of a descriptor, in which the formats differ. */
    abstract void putRest(FuzzInput input, long at, int flags);

    @Override
    public final void close() {
        memory.close();
    }
}
