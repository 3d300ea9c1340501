package dev.ringside.it;

import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Qemu;

/** The newest QEMU, as a PC with PCI Express, and with memory on both sides of the hole below 4 GiB. */
class GuestOnQ35IT extends GuestDisks {
    GuestOnQ35IT() {
        super(Guest.under(Qemu.LATEST).machine("q35").memory("5G"));
    }
}
