package dev.ringside.pci;

import java.lang.foreign.MemorySegment;

/**
 * A function's way into guest memory, by bus address. Every address and length is allowed; an address that nothing answers
 * to fails the transfer as a master abort does on a real bus: bytes read are undefined, bytes written are lost. Used on the
 * function's loop.
 */
public interface Dma {
    /** Takes guest memory as it lies in this process. */
    @FunctionalInterface
    interface Pieces {
        /**
         * One piece, in the order of addresses. Another processor may change it at any time.
         *
         * @param memory valid until the function returns to its loop
         * @param offset first byte in {@code memory}
         * @param length above 0
         */
        void piece(MemorySegment memory, long offset, int length);
    }

    /**
     * Reads guest memory. The bytes are there when the fence is idle: often before this returns.
     *
     * @param address of the guest's choosing
     * @param to native or heap memory that stays valid until then
     * @param offset first byte in {@code to}
     * @param length in bytes, not negative
     */
    void read(long address, MemorySegment to, long offset, int length, DmaFence fence);

    /**
     * Writes guest memory; transfers of one fence or several take effect in the order of the calls. The bytes are the
     * caller's again when this returns, and in guest memory when the fence is idle.
     *
     * @param address of the guest's choosing
     * @param from native or heap memory
     * @param offset first byte in {@code from}
     * @param length in bytes, not negative
     */
    void write(long address, MemorySegment from, long offset, int length, DmaFence fence);

    /**
     * Stores 64 bits at once, little-endian, after everything that was written before: whoever sees the value sees that, too.
     *
     * @param address of the guest's choosing
     */
    void publish(long address, long value, DmaFence fence);

    /**
     * Gives a range of guest memory itself, if all of it can be reached directly.
     *
     * @param address of the guest's choosing
     * @param length in bytes, above 0
     * @param write whether the function is going to write it, rather than read
     * @param into told of the pieces, and of none if the result is {@code false}
     * @return whether it was given; if not, {@link #read} or {@link #write} may still do
     */
    boolean pieces(long address, int length, boolean write, Pieces into);
}
