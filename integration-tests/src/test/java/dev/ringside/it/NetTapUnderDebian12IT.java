package dev.ringside.it;

import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Qemu;

/** The oldest QEMU that is supported, with a capture. */
class NetTapUnderDebian12IT extends NetGuestOnTap {
    NetTapUnderDebian12IT() {
        super(Guest.under(Qemu.DEBIAN_12), true);
    }
}
