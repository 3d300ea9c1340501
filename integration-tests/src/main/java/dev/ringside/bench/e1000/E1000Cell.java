package dev.ringside.bench.e1000;

import dev.ringside.bench.measure.Cell;

/**
 * What a guest and its host do, over a TAP.
 *
 * @param bytes of a datagram's payload; 0 where that means nothing
 * @param toGuest whether the guest receives
 */
record E1000Cell(String name, String title, Traffic traffic, int bytes, boolean toGuest) implements Cell {
    enum Traffic {
        TCP,
        UDP,
        PING
    }
}
