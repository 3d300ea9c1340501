package dev.ringside.blk.storage;

import dev.ringside.loop.DeviceLoop;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The bytes of one disk. Usable from any thread; its queues belong to their loops. */
public interface Storage extends AutoCloseable {
    /** The unit of virtio-blk's sector numbers, whatever block size a device announces (virtio 1.2 §5.2.4). */
    int SECTOR_BYTES = 512;

    /** For log lines, short. */
    String name();

    boolean isReadOnly();

    /** The size in units of {@link #SECTOR_BYTES}, as of the last {@link #refreshSize}. */
    long sectors();

    /**
     * Looks at the size again.
     *
     * @return whether it has changed
     */
    boolean refreshSize();

    /** Whether {@link #refreshSize} may take as long as somebody else likes: the server of a network file system, say. */
    default boolean mayWaitForOthers() {
        return false;
    }

    /** What guests should know to make good requests. */
    Limits limits();

    /** How far the storage is worn, as far as it tells: {@code null} for most. */
    default @Nullable Lifetime lifetime() {
        return null;
    }

    /** Begins the use by a queue, on whose loop the caller is. */
    StorageQueue open(DeviceLoop loop, StorageQueue.Completion completion);

    /**
     * Makes sure that no other process writes it, if {@link #handOver} has allowed that.
     *
     * @throws IOException with a message for the user, if another process does
     */
    default void claim() throws IOException {}

    /**
     * Lets another process go on with it. No queue is open. May take a while.
     *
     * @param elsewhere whether the other may be on another host, where what was written has to be visible
     * @throws IOException if what was written cannot be made durable; the storage is still claimed then
     */
    default void handOver(boolean elsewhere) throws IOException {}

    /** Gives the storage up; all queues are closed. */
    @Override
    void close();

    /**
     * What guests should know of a storage.
     *
     * @param blockBytes the smallest unit that is read and written without detours, a power of two from 512
     * @param discardBytes the smallest unit that is given back, a power of two from 512
     * @param discard whether ranges can be given back
     * @param writeZeroes whether ranges can be zeroed without sending zeroes
     * @param secureErase whether ranges can be given back beyond recovery
     */
    record Limits(int blockBytes, int discardBytes, boolean discard, boolean writeZeroes, boolean secureErase) {}
}
