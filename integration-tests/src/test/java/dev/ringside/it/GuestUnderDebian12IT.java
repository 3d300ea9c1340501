package dev.ringside.it;

import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Qemu;

/** The oldest QEMU that is supported. */
class GuestUnderDebian12IT extends GuestDisks {
    GuestUnderDebian12IT() {
        super(Guest.under(Qemu.DEBIAN_12).machine("pc"));
    }
}
