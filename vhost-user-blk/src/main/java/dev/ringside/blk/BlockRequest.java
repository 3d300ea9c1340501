package dev.ringside.blk;

import dev.ringside.blk.storage.Transfer;
import dev.ringside.queue.DescriptorChain;

/** One request while it is in flight. A queue keeps one for each chain that it can have, and reuses it. */
final class BlockRequest {
    /** What the request asks for. */
    enum Type {
        READ,
        WRITE,
        FLUSH,
        DISCARD,
        SECURE_ERASE,
        WRITE_ZEROES
    }

    private final DescriptorChain chain;
    private final Transfer transfer;
    private Type type = Type.FLUSH;
    /** When it was taken, as {@link System#nanoTime}; 0 if nobody wants to know. */
    private long takenAt;
    /** Of DISCARD and WRITE_ZEROES: what is still to be done. */
    private Ranges ranges = Ranges.NONE;

    /** @param chain the chain object that it always belongs to */
    BlockRequest(DescriptorChain chain) {
        this.chain = chain;
        this.transfer = new Transfer(chain);
    }

    DescriptorChain chain() {
        return chain;
    }

    int slot() {
        return chain.slot();
    }

    Type type() {
        return type;
    }

    Transfer transfer() {
        return transfer;
    }

    Ranges ranges() {
        return ranges;
    }

    long takenAt() {
        return takenAt;
    }

    void begin(Type newType, long now) {
        type = newType;
        takenAt = now;
    }

    void begin(Type newType, Ranges newRanges, long now) {
        begin(newType, now);
        ranges = newRanges;
    }

    /** What the request does, for the log. */
    String describe() {
        return switch (type) {
            case READ, WRITE -> "%s of %d bytes at %d".formatted(type, transfer.bytes(), transfer.offset());
            case FLUSH -> "FLUSH";
            case DISCARD, SECURE_ERASE, WRITE_ZEROES -> type + " of " + ranges;
        };
    }
}
