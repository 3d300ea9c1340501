package dev.ringside.it;

import dev.ringside.it.support.Qemu;

/** The engine for kernels that refuse io_uring. */
class DiskCommandsByEpollIT extends DiskCommands {
    DiskCommandsByEpollIT() {
        super(Qemu.LATEST, "--engine=epoll");
    }
}
