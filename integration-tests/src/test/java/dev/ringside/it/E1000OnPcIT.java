package dev.ringside.it;

import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Qemu;

/** A PC of old, with shared memory. */
class E1000OnPcIT extends E1000Guests {
    E1000OnPcIT() {
        super(Guest.under(Qemu.LATEST).machine("pc"));
    }
}
