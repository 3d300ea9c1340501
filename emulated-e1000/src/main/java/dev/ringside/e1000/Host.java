package dev.ringside.e1000;

import dev.ringside.pci.ConfigSpace;
import dev.ringside.pci.Dma;
import dev.ringside.pci.PciBus;
import org.jspecify.annotations.Nullable;

/** The bus as the card's engines see it: perhaps absent, and used only as far as config space allows. */
final class Host {
    private final ConfigSpace config;
    private @Nullable PciBus bus;
    private boolean interrupt;

    Host(ConfigSpace config) {
        this.config = config;
    }

    void plug(@Nullable PciBus present) {
        bus = present;
    }

    /** Guest memory, or {@code null} while the card may not touch it. */
    @Nullable
    Dma dma() {
        boolean allowed = (config.command() & ConfigSpace.COMMAND_MASTER) != 0 && config.powerState() == 0;
        return bus == null || !allowed ? null : bus.dma();
    }

    /** A transfer went where there is no memory. */
    void masterAbort() {
        config.masterAbort();
    }

    /** Drives the interrupt pin. */
    void interrupt(boolean level) {
        interrupt = level;
        config.interruptPending(level);
        drive();
    }

    /** Drives the pin again: the driver may have disabled or enabled it. */
    void drive() {
        if (bus != null) {
            bus.intx(interrupt && (config.command() & ConfigSpace.COMMAND_INTX_DISABLE) == 0);
        }
    }
}
