package dev.ringside.it;

import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Qemu;

class NetTapUnderDebian12IT extends NetGuestOnTap {
    NetTapUnderDebian12IT() {
        super(Guest.under(Qemu.DEBIAN_12));
    }
}
