package dev.ringside.queue;

import dev.ringside.fault.ChainFault;
import dev.ringside.fault.RingFault;
import dev.ringside.memory.DirtyLog;
import dev.ringside.memory.GuestMemory;
import dev.ringside.memory.Iotlb;
import org.jspecify.annotations.Nullable;

/** The device's side of one virtqueue, whatever its ring format. Owned by one thread. */
public sealed interface Virtqueue permits SplitVirtqueue, PackedVirtqueue {
    /** The largest queue size that the specification allows (virtio 1.2 §2.7, §2.8). */
    int MAX_SIZE = 32768;

    /** The number of descriptors. */
    int size();

    /**
     * Whether {@link #poll} would find nothing.
     *
     * @throws RingFault if the ring is malformed; the queue is of no further use
     */
    boolean isEmpty() throws RingFault;

    /** How many chains are known to be available; there may be more. */
    int available();

    /**
     * Takes the next available chain.
     *
     * @param chain filled, when this returns {@code true} or throws {@link ChainFault}
     * @return whether there was one. Also {@code false} if a translation is {@link #missing} without which it cannot be
     *     known: the chain stays available then
     * @throws ChainFault if the chain is malformed. It is taken nevertheless: {@code chain} holds its head and as much
     *     of it as could be read, and the caller has to {@link #push} it
     * @throws RingFault if the ring is malformed; the queue is of no further use
     */
    boolean poll(DescriptorChain chain) throws ChainFault, RingFault;

    /** What the last {@link #poll} has missed, and asked for; {@code null} if nothing. */
    Iotlb.@Nullable Miss missing();

    /**
     * The first translation without which {@link #rebind} cannot find the ring; it has been asked for. {@code null} if
     * there is none, as always without an IOMMU.
     */
    Iotlb.@Nullable Miss missing(GuestMemory memory);

    /** Whether the ring touches a range of I/O virtual addresses, for a device behind an IOMMU. */
    boolean touches(long first, long last);

    /**
     * Takes {@link #poll} back: the chain is available again, as if it had never been taken.
     *
     * @param chain the last one that was polled, apart from those given back since; not pushed. Not for a queue whose
     *     requests in flight are recorded
     */
    void unpoll(DescriptorChain chain);

    /**
     * Hands a chain back to the driver, which sees it after {@link #publish}. Chains may be pushed in any order.
     *
     * @param chain one that {@link #poll} gave out
     * @param written bytes written into its device-writable part, counted from the beginning of that part
     */
    void push(DescriptorChain chain, long written);

    /**
     * Makes what was pushed visible to the driver.
     *
     * @return whether the driver wants to be called; {@code false} if nothing was pushed
     */
    boolean publish();

    /** Tells the driver that kicks are of no use for now. Only a hint: kicks may come all the same. */
    void disarmKicks();

    /**
     * Asks the driver for a kick at the next chain that it makes available, and looks once more.
     *
     * @return whether chains became available meanwhile, so that no kick will come for them
     * @throws RingFault if the ring is malformed
     */
    boolean armKicks() throws RingFault;

    /**
     * How many chains {@link #poll} has still to give out again that an earlier device had taken and not pushed. They come
     * first, in the order in which they were taken then.
     */
    int resubmissions();

    /**
     * Whether an earlier device has published chains, and may have died before it called the driver for them. As of the
     * queue's start.
     */
    boolean mayOweCall();

    /**
     * Marks writes to the used ring, or the device area, in a log from here on; the whole of it at once.
     *
     * @param log {@code null} for no more
     * @param address guest-physical address of the used ring, for the log; from the front-end. Not used behind an IOMMU,
     *     where front-ends give an I/O virtual one (QEMU does)
     */
    void logUsed(@Nullable DirtyLog log, long address);

    /**
     * Where the device would go on: what SET_VRING_BASE gave and GET_VRING_BASE returns (vhost-user, "Vring descriptor
     * index" and "indices"). All 32 bits count.
     */
    int base();

    /**
     * Moves to another generation of guest memory. No chain may be in flight that the old generation alone can reach.
     *
     * @throws RingFault if the ring is not inside the new memory; the queue is of no further use
     */
    void rebind(GuestMemory memory) throws RingFault;
}
