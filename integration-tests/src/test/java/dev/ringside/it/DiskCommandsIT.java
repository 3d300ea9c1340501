package dev.ringside.it;

import dev.ringside.it.support.Qemu;

/** The newest QEMU. */
class DiskCommandsIT extends DiskCommands {
    DiskCommandsIT() {
        super(Qemu.LATEST);
    }
}
