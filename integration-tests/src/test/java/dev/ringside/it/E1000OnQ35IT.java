package dev.ringside.it;

import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Qemu;

/** A PC of today, with shared memory. */
class E1000OnQ35IT extends E1000Guests {
    E1000OnQ35IT() {
        super(Guest.under(Qemu.LATEST).machine("q35"));
    }
}
