package dev.ringside.it;

import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Qemu;

/** Packed rings, {@code packed=on}. */
class NetTapPackedIT extends NetGuestOnTap {
    NetTapPackedIT() {
        super(Guest.under(Qemu.LATEST).packed(), false);
    }
}
