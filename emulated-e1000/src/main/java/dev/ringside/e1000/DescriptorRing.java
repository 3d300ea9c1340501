package dev.ringside.e1000;

/**
 * A ring of 16-byte descriptors as its five registers describe it (§3.2.6, §3.4): those from head to tail belong to the card.
 * All of it is the guest's to set, to anything.
 */
final class DescriptorRing {
    static final int DESCRIPTOR_BYTES = 16;

    private final RegisterFile registers;
    private final Register low;
    private final Register high;
    private final Register length;
    private final Register head;
    private final Register tail;

    private DescriptorRing(
            RegisterFile registers, Register low, Register high, Register length, Register head, Register tail) {
        this.registers = registers;
        this.low = low;
        this.high = high;
        this.length = length;
        this.head = head;
        this.tail = tail;
    }

    static DescriptorRing receive(RegisterFile registers) {
        return new DescriptorRing(
                registers, Register.RDBAL, Register.RDBAH, Register.RDLEN, Register.RDH, Register.RDT);
    }

    static DescriptorRing transmit(RegisterFile registers) {
        return new DescriptorRing(
                registers, Register.TDBAL, Register.TDBAH, Register.TDLEN, Register.TDH, Register.TDT);
    }

    /** Descriptors in the ring; up to 65535. */
    int size() {
        return registers.get(length) / DESCRIPTOR_BYTES;
    }

    int head() {
        return registers.get(head);
    }

    /** Hands descriptors back, up to an index below {@link #size}. */
    void head(int index) {
        registers.set(head, index);
    }

    int tail() {
        return registers.get(tail);
    }

    /** Whether head and tail lie within the ring; if not, the card does nothing. */
    boolean isSane() {
        int size = size();
        return head() < size && tail() < size;
    }

    /** How many descriptors lie between an index of the ring and the tail; for a sane ring. */
    int toTail(int from) {
        int distance = tail() - from;
        return distance >= 0 ? distance : distance + size();
    }

    /** How many of those lie in a row in memory. */
    int inARow(int from) {
        return Math.min(toTail(from), size() - from);
    }

    /** The index {@code count} behind another; {@code count} is at most {@link #size}. */
    int plus(int index, int count) {
        int sum = index + count;
        return sum >= size() ? sum - size() : sum;
    }

    /** Bus address of a descriptor. */
    long address(int index) {
        long base = (long) registers.get(high) << 32 | Integer.toUnsignedLong(registers.get(low));
        return base + (long) index * DESCRIPTOR_BYTES;
    }
}
