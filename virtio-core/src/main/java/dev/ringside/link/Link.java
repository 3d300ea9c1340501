package dev.ringside.link;

import java.io.IOException;

/** A place that NICs are plugged into. Thread-safe. */
public interface Link extends AutoCloseable {
    /** As the user wrote it, for log lines and metrics. */
    String name();

    /**
     * Plugs a NIC in.
     *
     * @param nic what the link needs to know of it
     * @return its port, which the NIC closes in the end
     * @throws IOException with a message for the user, if the link cannot be reached or has no port left
     */
    Port attach(Nic nic) throws IOException;

    /** Gives up what the link holds of the host, for a NIC whose port has been closed; other NICs may still be plugged in. */
    @Override
    void close();

    /**
     * A NIC, as a link sees it.
     *
     * @param name for log lines and metrics
     * @param pairs the most queue pairs that it is going to open lanes for, at least 1
     * @param vlan the VLAN of its port where the link has such, 0 to 4094; ports of one VLAN hear each other
     */
    record Nic(String name, int pairs, int vlan) {}
}
