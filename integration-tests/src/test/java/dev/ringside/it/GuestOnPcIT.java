package dev.ringside.it;

import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Qemu;

/** The newest QEMU, as a PC of old. */
class GuestOnPcIT extends GuestDisks {
    GuestOnPcIT() {
        super(Guest.under(Qemu.LATEST).machine("pc"));
    }
}
