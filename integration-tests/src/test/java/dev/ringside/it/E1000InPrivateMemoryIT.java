package dev.ringside.it;

import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Qemu;

/** Memory that is not shared: each byte comes and goes in a message. */
class E1000InPrivateMemoryIT extends E1000Guests {
    E1000InPrivateMemoryIT() {
        super(Guest.under(Qemu.LATEST).privateMemory());
    }
}
