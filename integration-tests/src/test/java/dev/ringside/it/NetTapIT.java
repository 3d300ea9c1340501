package dev.ringside.it;

import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Qemu;

/** Straight from the TAP into guest memory and back. */
class NetTapIT extends NetGuestOnTap {
    NetTapIT() {
        super(Guest.under(Qemu.LATEST), false);
    }
}
