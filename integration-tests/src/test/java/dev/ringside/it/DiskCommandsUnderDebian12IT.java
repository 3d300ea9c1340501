package dev.ringside.it;

import dev.ringside.it.support.Qemu;

/** The oldest QEMU that is supported. */
class DiskCommandsUnderDebian12IT extends DiskCommands {
    DiskCommandsUnderDebian12IT() {
        super(Qemu.DEBIAN_12);
    }
}
