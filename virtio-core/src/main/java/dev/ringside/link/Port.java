package dev.ringside.link;

import dev.ringside.linux.Fd;
import dev.ringside.loop.DeviceLoop;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A NIC's plug in a {@link Link}. The lanes are opened and used on the loops that they belong to; everything else may
 * be called from any thread.
 */
public interface Port extends AutoCloseable {
    /**
     * Opens the way out for one queue pair.
     *
     * @param pair below {@link Link.Nic#pairs}; at most one open lane each way for each pair
     * @param loop whose thread is the caller
     * @param roomAgain runs on the loop some time after a frame was refused; {@code null} if frames are to be dropped
     *     instead
     */
    TxLane openTx(int pair, DeviceLoop loop, @Nullable Runnable roomAgain);

    /** Opens a way out on which frames are dropped that cannot go at once. */
    default TxLane openTx(int pair, DeviceLoop loop) {
        return openTx(pair, loop, null);
    }

    /**
     * Opens the way in for one queue pair. The buffers are not called before this returns.
     *
     * @param pair below {@link Link.Nic#pairs}
     * @param loop whose thread is the caller; {@code buffers} is used on it only
     * @param accepts mask of {@link Offload}: what may be left undone in frames; the same for all lanes open at a time
     * @param buffers where frames are put
     */
    RxLane openRx(int pair, DeviceLoop loop, int accepts, RxBuffers buffers);

    /** Whether there is something behind the link to talk to, as far as it can be known. */
    boolean isUp();

    /**
     * Tells a listener of each change of {@link #isUp}.
     *
     * @param listener called from any thread; replaces the one before
     */
    void onChange(Runnable listener);

    /** What passed through this port and what did not. */
    Counters counters();

    /**
     * Descriptors by which another process can have the same port, see {@link Links#join}, while this one still has it;
     * lanes are not open in both at a time. From any thread.
     *
     * @return to be closed by the caller, perhaps none; {@code null} if this port has to be closed first
     */
    default @Nullable List<Fd> share() throws IOException {
        return null;
    }

    /** Unplugs the NIC, whose lanes are closed by then. */
    @Override
    void close();
}
