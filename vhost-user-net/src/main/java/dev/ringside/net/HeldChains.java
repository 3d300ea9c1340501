package dev.ringside.net;

import dev.ringside.device.QueueContext;
import dev.ringside.link.Frame;
import dev.ringside.link.Iovec;
import dev.ringside.queue.DescriptorChain;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Chains that were taken for frames to come, oldest first, and the room in them as struct iovec: all writable bytes
 * except for the header's place in the first. The room is kept from frame to frame, so that only what changes costs.
 */
final class HeldChains {
    /** In bytes. */
    private static final int CACHE_LINE = 64;

    /** A ring; its length is a power of two. */
    private final @Nullable DescriptorChain[] chains;

    private final int mask;
    private final int headerBytes;
    private final Iovec room = new Iovec();
    private int first;
    private int count;
    private long bytes;
    /** How many of the chains the room describes. */
    private int inRoom;

    /**
     * @param capacity the most chains held at once
     * @param headerBytes kept free in the first; every chain has at least as many
     */
    HeldChains(int capacity, int headerBytes) {
        this.chains = new DescriptorChain[Integer.highestOneBit(2 * capacity - 1)];
        this.mask = chains.length - 1;
        this.headerBytes = headerBytes;
    }

    boolean isEmpty() {
        return count == 0;
    }

    int count() {
        return count;
    }

    /** For a frame: the writable bytes of all chains, less the header. */
    long bytes() {
        return count == 0 ? 0 : bytes - headerBytes;
    }

    void add(DescriptorChain chain) {
        chains[(first + count) & mask] = chain;
        count++;
        bytes += chain.writableBytes();
    }

    /**
     * Stores something in each of the last chains, where a header and the beginning of a frame will be. The driver's
     * processor has these cache lines. Stored to one right after the other, they come at the same time; otherwise every
     * frame's stores would wait for theirs, and whatever is stored after them, too. The bytes mean nothing while the chain
     * is not used.
     *
     * @param from the first of them
     */
    void claim(int from) {
        for (int i = from; i < count; i++) {
            DescriptorChain chain = chain(i);
            int segment = chain.readableSegments();
            MemorySegment memory = chain.memory(segment);
            long offset = chain.offset(segment);
            memory.set(ValueLayout.JAVA_BYTE, offset, (byte) 0);
            memory.set(ValueLayout.JAVA_BYTE, offset + Math.min(chain.length(segment), CACHE_LINE) - 1, (byte) 0);
        }
    }

    private DescriptorChain chain(int index) {
        return Objects.requireNonNull(chains[(first + index) & mask]);
    }

    /** The room in all chains, or {@link Iovec#NONE} if they are in too many pieces. */
    Iovec room() {
        for (; inRoom < count; inRoom++) {
            DescriptorChain chain = chain(inRoom);
            if (room.count() + chain.segments() - chain.readableSegments() > Iovec.MAX_ENTRIES) {
                return Iovec.NONE;
            }
            for (int i = chain.readableSegments(); i < chain.segments(); i++) {
                room.add(chain.memory(i).address() + chain.offset(i), chain.length(i));
            }
            if (inRoom == 0) {
                room.skip(headerBytes);
            }
        }
        return room;
    }

    /** How many chains a frame takes, which must fit. */
    int chainsFor(int frameBytes) {
        long rest = (long) headerBytes + frameBytes;
        int needed = 0;
        do {
            rest -= chain(needed++).writableBytes();
        } while (rest > 0);
        return needed;
    }

    /** Copies a frame, which must fit, to where it belongs. */
    void copyIn(Frame frame) {
        int done = 0;
        long skip = headerBytes;
        for (int index = 0; done < frame.bytes(); index++) {
            DescriptorChain chain = chain(index);
            for (int i = chain.readableSegments(); i < chain.segments() && done < frame.bytes(); i++) {
                long free = chain.length(i) - skip;
                if (free <= 0) {
                    skip = -free;
                } else {
                    int part = (int) Math.min(free, frame.bytes() - done);
                    frame.copyTo(done, chain.memory(i), chain.offset(i) + skip, part);
                    done += part;
                    skip = 0;
                }
            }
        }
    }

    /** The chain that holds a frame's header. */
    DescriptorChain first() {
        return chain(0);
    }

    /** Takes the first chain out. The caller takes out all chains of a frame, then calls {@link #nextFrame}. */
    DescriptorChain removeFirst() {
        DescriptorChain chain = chain(0);
        chains[first] = null;
        first = (first + 1) & mask;
        count--;
        bytes -= chain.writableBytes();
        return chain;
    }

    /**
     * Takes what the chains of a frame had out of the room, and makes place for a header in the chain that is now first.
     *
     * @param removed how many chains were taken out, at least 1
     * @param removedBytes their writable bytes
     */
    void nextFrame(int removed, long removedBytes) {
        if (inRoom < removed) {
            clearRoom();
            return;
        }
        room.skip(removedBytes - headerBytes);
        inRoom -= removed;
        if (inRoom > 0) {
            room.skip(headerBytes);
        }
    }

    /** Gives all chains back, the last first. */
    void giveBack(QueueContext queue) {
        for (; count > 0; count--) {
            int last = (first + count - 1) & mask;
            queue.giveBack(chain(count - 1));
            chains[last] = null;
        }
        bytes = 0;
        clearRoom();
    }

    /** Hands all chains to the driver as they are, the first first. */
    void complete(QueueContext queue) {
        while (count > 0) {
            queue.complete(removeFirst(), 0);
        }
        clearRoom();
    }

    private void clearRoom() {
        room.clear();
        inRoom = 0;
    }
}
