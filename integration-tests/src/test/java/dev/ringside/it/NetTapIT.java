package dev.ringside.it;

import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Qemu;

class NetTapIT extends NetGuestOnTap {
    NetTapIT() {
        super(Guest.under(Qemu.LATEST));
    }
}
