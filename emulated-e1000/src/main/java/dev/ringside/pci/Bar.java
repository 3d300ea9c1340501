package dev.ringside.pci;

/**
 * A range of addresses that a function decodes (PCI 2.3 §6.2.5).
 *
 * @param index 0 to 5
 * @param kind the address space
 * @param size in bytes, a power of two, at least 4
 */
public record Bar(int index, Kind kind, int size) {
    /** How many BARs a function has room for. */
    public static final int COUNT = 6;

    /** The address spaces. */
    public enum Kind {
        /** 32-bit memory, not prefetchable. */
        MEMORY(0x0, 0xf),
        /** I/O ports. */
        IO(0x1, 0x3);

        private final int typeBits;
        private final int typeMask;

        Kind(int typeBits, int typeMask) {
            this.typeBits = typeBits;
            this.typeMask = typeMask;
        }
    }

    public Bar {
        if (index < 0 || index >= COUNT || size < 4 || Integer.bitCount(size) != 1) {
            throw new IllegalArgumentException("BAR %d of %d bytes".formatted(index, size));
        }
    }

    /** Where its register stands in config space. */
    int offset() {
        return ConfigSpace.BASE_ADDRESS + 4 * index;
    }

    /** The read-only low bits, which tell the kind. */
    int typeBits() {
        return kind.typeBits;
    }

    /** The bits that software can write: those above the size, which is how software finds the size out. */
    int writableBits() {
        return -size & ~kind.typeMask;
    }
}
