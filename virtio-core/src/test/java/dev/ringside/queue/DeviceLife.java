package dev.ringside.queue;

import dev.ringside.fault.PeerFault;
import dev.ringside.memory.GuestMemory;
import java.lang.foreign.MemorySegment;
import java.util.function.LongConsumer;

/** A device process, from its start on a ring until it has nothing left to do or is killed. */
public interface DeviceLife {
    /** What a device is told of a ring. */
    record Ring(boolean packed, int size, VringAddress address, GuestMemory memory) {}

    /**
     * Serves a ring.
     *
     * @param inflight the record of requests in flight
     * @param base as the front-end gives it
     * @param executed told of each request that is carried out, by the number in it
     * @param driver has its turn whenever something was published
     */
    void serve(Ring ring, MemorySegment inflight, int base, LongConsumer executed, Runnable driver) throws PeerFault;
}
