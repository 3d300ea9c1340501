package dev.ringside.pci;

import java.util.List;

/** A PCI function: what a device model implements. Used on one loop. */
public interface PciFunction {
    /** For log lines. */
    String name();

    /** Its BARs. Always the same. */
    List<Bar> bars();

    /**
     * Reads from config space.
     *
     * @param offset with {@code to.length}, within {@link ConfigSpace#BYTES}
     */
    void configRead(int offset, byte[] to);

    /**
     * Writes to config space.
     *
     * @param offset with {@code from.length}, within {@link ConfigSpace#BYTES}
     */
    void configWrite(int offset, byte[] from);

    /**
     * Reads from a BAR.
     *
     * @param bar index of one of {@link #bars}
     * @param offset of the guest's choosing; with {@code width}, within the BAR, of any alignment
     * @param width 1, 2, 4 or 8 bytes
     * @return the value, little-endian
     */
    long barRead(int bar, int offset, int width);

    /**
     * Writes to a BAR.
     *
     * @param bar index of one of {@link #bars}
     * @param offset of the guest's choosing; with {@code width}, within the BAR, of any alignment
     * @param width 1, 2, 4 or 8 bytes
     * @param value of the guest's choosing, little-endian
     */
    void barWrite(int bar, int offset, int width, long value);

    /** The bus is reset: everything as at power-on. DMA that is outstanding is abandoned. */
    void reset();

    /**
     * The function is plugged in.
     *
     * @param bus to be used until {@link #detach}
     */
    void attach(PciBus bus);

    /**
     * The function is unplugged and must not use the bus any more; its state is that of power-on.
     *
     * @param released runs on the loop, at once or later, when the function can be plugged in again
     */
    void detach(Runnable released);
}
