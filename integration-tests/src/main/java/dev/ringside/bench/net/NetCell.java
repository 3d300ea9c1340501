package dev.ringside.bench.net;

import dev.ringside.bench.measure.Cell;

/** One cell of the network benchmark. */
sealed interface NetCell extends Cell {

    /** What a guest and its host do. */
    enum Traffic {
        TCP,
        UDP,
        PING
    }

    /**
     * Between a guest and its host.
     *
     * @param bytes of a datagram's payload; 0 where that means nothing
     * @param toGuest whether the guest receives
     */
    record OnTap(String name, String title, Traffic traffic, int bytes, boolean toGuest) implements NetCell {}

    /**
     * From port to port.
     *
     * @param frameBytes without FCS
     * @param packed whether the generator's rings are packed ones
     * @param allocation whether the bytes that Java allocates are counted, instead of anything else
     */
    record Forward(String name, String title, int frameBytes, boolean packed, boolean allocation) implements NetCell {}
}
