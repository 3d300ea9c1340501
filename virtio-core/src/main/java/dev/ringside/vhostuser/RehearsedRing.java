package dev.ringside.vhostuser;

import dev.ringside.memory.GuestAccess;
import dev.ringside.queue.VringAddress;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A split ring of one chain (virtio 1.2 §2.7), as its driver has it, which makes that chain available again and again. */
final class RehearsedRing {
    static final int BYTES = 0x8000;
    static final int SIZE = 8;

    private static final int AVAIL = 0x1000;
    private static final int USED = 0x2000;
    private static final int READABLE = 0x3000;
    private static final int WRITABLE = 0x4000;
    static final int MAX_READABLE = WRITABLE - READABLE;
    static final int MAX_WRITABLE = BYTES - WRITABLE;

    private static final int DESC_BYTES = 16;
    private static final int F_NEXT = 1;
    private static final int F_WRITE = 2;
    private static final int IDX = 2;

    private final MemorySegment memory;
    private final long guestAddress;
    private int offered;

    /**
     * Writes the chain into the descriptor table.
     *
     * @param memory {@link #BYTES} of it, zeroed
     * @param guestAddress of the first byte, in the front-end's space as well
     */
    RehearsedRing(MemorySegment memory, long guestAddress, Rehearsal.Request request) {
        this.memory = memory;
        this.guestAddress = guestAddress;
        MemorySegment.copy(request.readable(), 0, memory, ValueLayout.JAVA_BYTE, READABLE, request.readable().length);
        int next = 0;
        if (request.readable().length > 0) {
            describe(next++, READABLE, request.readable().length, request.writable() > 0 ? F_NEXT : 0);
        }
        if (request.writable() > 0) {
            describe(next, WRITABLE, request.writable(), F_WRITE);
        }
    }

    private void describe(int index, int at, int bytes, int flags) {
        long desc = (long) index * DESC_BYTES;
        GuestAccess.putU64(memory, desc, guestAddress + at);
        GuestAccess.putU32(memory, desc + 8, bytes);
        GuestAccess.putU16(memory, desc + 12, flags);
        GuestAccess.putU16(memory, desc + 14, index + 1);
    }

    VringAddress address() {
        return new VringAddress(guestAddress, guestAddress + AVAIL, guestAddress + USED);
    }

    /** Makes the chain available; the device is to be kicked then. It stands in every element of the ring. */
    void offer() {
        offered++;
        GuestAccess.putU16Release(memory, AVAIL + IDX, offered & 0xffff);
    }

    /** Whether the device has used it as often as it was made available. */
    boolean isUsed() {
        return GuestAccess.u16Acquire(memory, USED + IDX) == (offered & 0xffff);
    }
}
