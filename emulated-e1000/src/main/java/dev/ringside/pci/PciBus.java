package dev.ringside.pci;

/** What a function is plugged into. Used on the function's loop. */
public interface PciBus {
    /** Guest memory. The function checks itself whether it is allowed to be a bus master. */
    Dma dma();

    /**
     * Drives the function's interrupt pin.
     *
     * @param asserted the level; telling the same level again is harmless
     */
    void intx(boolean asserted);
}
