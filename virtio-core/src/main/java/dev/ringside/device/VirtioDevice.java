package dev.ringside.device;

import dev.ringside.fault.MessageFault;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;

/**
 * One virtio device. Its methods are called on the session's loop, except that {@link #start} runs on the loop that is
 * to own the queue; the device's state is shared by its queues and must bear that.
 */
public interface VirtioDevice {
    /** For log lines: type and what it serves. */
    String name();

    /** The device type's own feature bits (virtio 1.2 §5), each of them implemented. */
    long features();

    /** How many queues a driver may use, at least 1. */
    int maxQueues();

    /** What a front-end is told about that: pairs, for a device whose queues come in pairs. */
    default int queueNum() {
        return maxQueues();
    }

    /**
     * A number that queues share which should run on one loop.
     *
     * @param index below {@link #maxQueues}
     */
    default int group(int index) {
        return index;
    }

    /**
     * Whether a queue runs while the front-end has disabled it; its handler then has no effects on the outside and looks
     * at {@link QueueContext#isEnabled} (vhost-user, "Ring states").
     *
     * @param index below {@link #maxQueues}
     */
    default boolean runsDisabled(int index) {
        return false;
    }

    /**
     * Whether requests may complete in another order than they were taken in, so that those in flight have to be recorded
     * for whoever serves the queues after a crash (vhost-user, "Inflight I/O tracking"). A device that completes in order
     * is resumed where the driver's used ring ends.
     */
    default boolean completesOutOfOrder() {
        return false;
    }

    /** The config space as it is now (virtio 1.2 §5.x.4), little-endian; a copy. */
    byte[] config();

    /**
     * The driver writes to the config space.
     *
     * @param offset from the guest, as is the length of {@code bytes}
     * @param features as negotiated
     * @throws MessageFault if a field there is not writable
     */
    void writeConfig(int offset, byte[] bytes, long features) throws MessageFault;

    /** A front-end has come, or the driver has reset the device: what earlier drivers set is forgotten. */
    void reset();

    /**
     * A queue is about to run, and none does: takes what only one process may have at a time, if it has been given up.
     *
     * @throws IOException with a message for the user, if another process has it
     */
    default void claim() throws IOException {}

    /**
     * No queue runs, and another process is about to go on, if all goes well: gives up what only one may have at a time,
     * until {@link #claim}.
     *
     * @param elsewhere whether the other may be on another host, where all that was done has to be visible
     * @return completed when that is done; exceptionally if it could not be
     */
    default CompletableFuture<Void> handOver(boolean elsewhere) {
        return CompletableFuture.completedFuture(null);
    }

    /** What the driver has set by other ways than its queues, for another process that goes on. At most 4 KiB. */
    default byte[] saveState() {
        return new byte[0];
    }

    /**
     * What {@link #saveState} has given in another process, perhaps of another version.
     *
     * @throws MessageFault if it makes no sense
     */
    default void loadState(byte[] state) throws MessageFault {}

    /**
     * A driver starts to use a queue.
     *
     * @param queue how the handler completes chains
     * @param features as negotiated
     */
    QueueHandler start(QueueContext queue, long features);

    /**
     * What is counted of a queue; the same object for the device's whole life.
     *
     * @param index below {@link #maxQueues}
     */
    QueueStats stats(int index);

    /**
     * Tells a listener of each change of the config space that the device makes by itself.
     *
     * @param listener called from any thread; replaces the one before
     */
    void onConfigChange(Runnable listener);
}
